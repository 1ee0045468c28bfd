import { type Document, isMap, isScalar, parseDocument, visit } from "yaml";

const HOST = "127.0.0.1";

/** What a stack on this machine has in place of what a configuration of Envoy names. */
export interface Places {
  /** Ports of loopback, each with the addresses that stand for it; one of these has to be named. The last one counts. */
  readonly ports: readonly (readonly [port: number, ...addresses: string[]])[];
  /** In place of the socket that is asked through, if one is. */
  readonly socket: string;
  /** Folders of files, by what they are called there. */
  readonly folders: Readonly<Record<string, string>>;
}

/** Whether it asks the service through a Unix socket. */
export function asksThroughSocket(yaml: string): boolean {
  return /^[^#\n]*\bpipe:/m.test(yaml);
}

/**
 * Envoy's configuration for these places, and nothing else changed.
 *
 * @throws {Error} that names the addresses that stand for nothing here, or those that are missing.
 */
export function atPlaces(yaml: string, { ports, socket, folders }: Places): string {
  const document = parseDocument(yaml);
  const known = new Map(ports.flatMap(([port, ...addresses]) => addresses.map((address) => [address, port])));
  const unknown = new Set<string>();
  const found = new Set<string>();
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || !isMap(value)) return;
      if (key.value === "pipe") value.set("path", socket);
      if (key.value !== "socket_address") return;
      const address = `${value.get("address")}:${value.get("port_value")}`;
      const port = known.get(address);
      if (port === undefined) {
        unknown.add(address);
        return;
      }
      found.add(address);
      value.set("address", HOST);
      value.set("port_value", port);
    },
  });
  moveFolders(document, folders);
  if (unknown.size > 0)
    throw new Error(
      `Envoy's configuration names ${[...unknown].join(", ")}, which stands for nothing here; known are ${[...known.keys()].join(", ")}, and what \`addresses\` adds`,
    );
  const missing = ports.filter(([, ...addresses]) => !addresses.some((address) => found.has(address)));
  if (missing.length > 0)
    throw new Error(
      `Envoy's configuration lacks ${missing.map(([, ...addresses]) => addresses.join(" or ")).join(", ")}`,
    );
  return document.toString();
}

function moveFolders(document: Document, folders: Places["folders"]): void {
  visit(document, {
    Scalar(_, scalar) {
      const { value } = scalar;
      if (typeof value !== "string") return;
      for (const [folder, here] of Object.entries(folders))
        if (value === folder || value.startsWith(`${folder}/`))
          scalar.value = here + value.slice(folder.length);
    },
  });
}
