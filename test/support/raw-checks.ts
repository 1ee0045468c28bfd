import { connect } from "node:http2";
import { responseIn, verdictIn } from "./check-request.ts";
import { CALL_LINES, grpcMessage } from "./raw-http2.ts";

/** Connections that take serialized CheckRequests, of any size. */
export interface RawChecks {
  /** @returns `allow` or the reason of the denial. @throws where there is no verdict */
  readonly ask: (message: Buffer) => Promise<string>;
  readonly close: () => void;
}

/** What may wait on this side: all that a test sends at a time. */
const MEGABYTES_AT_ONCE = 4096;

export function openRawChecks(port: number, connections = 2): RawChecks {
  const sessions = Array.from({ length: connections }, () => {
    const session = connect(`http://127.0.0.1:${port}`, { maxSessionMemory: MEGABYTES_AT_ONCE });
    // Its calls tell of it.
    return session.on("error", () => {});
  });
  let asked = 0;
  return {
    ask: (message) =>
      new Promise((resolve, reject) => {
        const stream = sessions[asked++ % connections]?.request(CALL_LINES);
        if (stream === undefined) return reject(new Error("no connection"));
        const parts: Buffer[] = [];
        stream.on("data", (part: Buffer) => parts.push(part));
        stream.once("error", reject);
        stream.once("close", () => {
          try {
            resolve(verdictIn(responseIn(Buffer.concat(parts))));
          } catch (error) {
            reject(error);
          }
        });
        stream.end(grpcMessage(message));
      }),
    close: () => {
      for (const session of sessions) session.destroy();
    },
  };
}
