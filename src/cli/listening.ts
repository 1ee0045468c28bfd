import type { UnixSocket } from "../server/port/unix-socket.ts";
import type { ServerOptions } from "../server/server.ts";
import type { TlsFiles } from "../server/state/tls-files.ts";
import { type Flags, type Input, UsageError } from "./command.ts";
import { octalMode, required, wholeNumber } from "./flag-value.ts";

const MAX_PORT = 65_535;
const LOOPBACK = "127.0.0.1";

/** Flags that say where `serve` listens, and how. */
export const LISTENING_FLAGS = {
  bind: { value: "ADDRESS", short: "b", help: "address to listen on", default: "0.0.0.0" },
  port: { value: "N", short: "p", help: "port for checks and health pages", default: "9090" },
  socket: { value: "PATH", help: "Unix socket for checks and health pages, in place of --bind and --port" },
  "socket-mode": { value: "MODE", help: "who may connect to it, in octal", default: "0660" },
  "socket-group": { value: "GROUP", help: "its group, by name or number" },
  "health-port": {
    value: "N",
    help: "port for the health pages and /metrics alone, 0 for none; with --socket none unless given",
    default: "9091",
    variable: "TENUO_HEALTH_PORT",
  },
  "health-bind": {
    value: "ADDRESS",
    help: `address for the health port; as --bind unless given, with --socket ${LOOPBACK}`,
    variable: "TENUO_HEALTH_BIND",
  },
  "tls-cert": {
    value: "FILE",
    help: "TLS on the port for checks: its certificate in PEM, and behind it those that lead to a root",
    variable: "TENUO_TLS_CERT",
  },
  "tls-key": { value: "FILE", help: "the private key of that certificate", variable: "TENUO_TLS_KEY" },
  "tls-client-ca": {
    value: "FILE",
    help: "CAs in PEM; every client must show a certificate that one of them issued",
    variable: "TENUO_TLS_CLIENT_CA",
  },
} satisfies Flags;

/** Where `serve` listens. */
export type Place = Pick<ServerOptions, "socket" | "bind" | "port" | "healthBind" | "healthPort">;

/** @throws {UsageError} */
export function readPlace(input: Input): Place {
  const socket = readSocket(input);
  const bind = withoutBrackets(required(input, "bind"));
  const hasHealthPort = socket === undefined || input.isGiven("health-port");
  const healthPort = wholeNumber(input, "health-port", MAX_PORT);
  return {
    ...(socket !== undefined && { socket }),
    bind,
    port: wholeNumber(input, "port", MAX_PORT) ?? 0,
    healthBind: withoutBrackets(input.text("health-bind") ?? (socket === undefined ? bind : LOOPBACK)),
    healthPort: hasHealthPort && healthPort !== 0 ? healthPort : undefined,
  };
}

/** The reference asks for addresses of IPv6 as URLs have them. */
function withoutBrackets(address: string): string {
  return address.replace(/^\[(.*)\]$/, "$1");
}

function readSocket(input: Input): UnixSocket | undefined {
  const path = input.text("socket");
  const [strays, why] =
    path === undefined
      ? ([["socket-mode", "socket-group"], "is for a Unix socket, and `--socket` is missing"] as const)
      : ([["bind", "port"], "has no meaning with `--socket`; leave one of them out"] as const);
  for (const flag of strays) if (input.isGiven(flag)) throw new UsageError(`\`--${flag}\` ${why}`);
  if (path === undefined) return undefined;
  const group = input.text("socket-group");
  return { path, mode: octalMode(input, "socket-mode"), ...(group !== undefined && { group }) };
}

/** @throws {UsageError} */
export function readTlsFiles(input: Input): TlsFiles | undefined {
  const [cert, key, clientCa] = ["tls-cert", "tls-key", "tls-client-ca"].map(input.text);
  if (cert === undefined && key === undefined && clientCa === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    const missing = cert === undefined ? "tls-cert" : "tls-key";
    throw new UsageError(`\`--${missing}\` is missing; TLS needs both \`--tls-cert\` and \`--tls-key\``);
  }
  if (input.text("socket") !== undefined)
    throw new UsageError(
      "`--tls-cert` has no meaning with `--socket`; `--socket-mode` says who may connect to that",
    );
  return { cert, key, ...(clientCa !== undefined && { clientCa }) };
}
