import { errorMessage } from "../server/error-message.ts";
import { get } from "../server/http.ts";
import { EXIT_FAILED, EXIT_OK, type Input } from "./command.ts";
import type { Place } from "./listening.ts";

/** A machine that is busy answers late, and is healthy. */
const TIMEOUT_MS = 5_000;
/** Addresses that a server listens on, and nobody can ask. */
const LOOPBACK_OF: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

type Out = Pick<Input, "stdout">;

/** Prints what the page /ready says. @returns the exit code */
export function askReady(place: Place, out: Out): Promise<number> {
  const options = {
    ...addressOf(place),
    path: "/ready",
    agent: false,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  };
  return settle(out, (resolve, reject) => {
    const request = get(options, async (response) => {
      try {
        let page = "";
        for await (const part of response.setEncoding("utf8")) page += part;
        resolve({ isHealthy: response.statusCode === 200, page });
      } catch (error) {
        reject(error);
      }
    });
    request.on("error", reject);
  });
}

/** A certificate may be asked of us afterwards; that there is none to show makes nobody ill. @returns the exit code */
export async function askHandshake(place: Place, out: Out): Promise<number> {
  // Three MiB that nobody else asks for.
  const { connect } = await import("node:tls");
  return settle(out, (resolve, reject) => {
    const socket = connect({ ...addressOf(place), rejectUnauthorized: false, timeout: TIMEOUT_MS });
    socket.on("secureConnect", () => {
      resolve({ isHealthy: true, page: "a TLS handshake" });
      socket.destroy();
    });
    socket.on("timeout", () => socket.destroy(new Error("no handshake in time")));
    socket.on("error", reject);
  });
}

interface Answer {
  readonly isHealthy: boolean;
  readonly page: string;
}

async function settle(
  { stdout }: Out,
  ask: (resolve: (answer: Answer) => void, reject: (error: unknown) => void) => void,
): Promise<number> {
  try {
    const { isHealthy, page } = await new Promise(ask);
    stdout(`${page.trim()}\n`);
    return isHealthy ? EXIT_OK : EXIT_FAILED;
  } catch (error) {
    stdout(`${errorMessage(error)}\n`);
    return EXIT_FAILED;
  }
}

function addressOf({ socket, bind, port, healthBind, healthPort }: Place) {
  if (healthPort !== undefined) return { host: LOOPBACK_OF[healthBind] ?? healthBind, port: healthPort };
  if (socket !== undefined) return { socketPath: socket.path };
  return { host: LOOPBACK_OF[bind] ?? bind, port };
}
