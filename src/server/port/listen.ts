import type { Server } from "node:net";
import { StartError } from "../start-error.ts";

/** A port that can't be listened on; the message says what to do. */
export class ListenError extends StartError {
  override readonly name = "ListenError";
}

/** @throws {ListenError} that names the flag to change */
export function listen(server: Server, port: number, host: string, flag: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new ListenError(whyNot(error, port, host, flag))),
    );
    server.listen({ port, host }, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

function whyNot(error: NodeJS.ErrnoException, port: number, host: string, flag: string): string {
  switch (error.code) {
    case "EADDRINUSE":
      return `port ${port} on ${host} is taken; stop what uses it or choose another with ${flag}`;
    case "EACCES":
      return `this user may not listen on port ${port}; choose one above 1023 with ${flag}`;
    case "EADDRNOTAVAIL":
      return `${host} is not an address of this machine; choose another with ${flag === "--port" ? "--bind" : "--health-bind"}`;
    default:
      return `can't listen on ${host}:${port}: ${error.message}`;
  }
}
