import type { Answer } from "./answer.ts";
import type { Lane } from "./lane.ts";
import { collect, type Sample } from "./sample.ts";

/**
 * Keeps every lane busy: the next request goes when the last is answered. Ends when all are sent, or the time is over.
 *
 * @throws {WrongAnswer} at the first answer that isn't the expected one.
 */
export function closedLoop(
  lanes: readonly Lane[],
  requests: readonly Buffer[],
  expected: Answer,
  seconds = Number.POSITIVE_INFINITY,
): Promise<Sample> {
  const collector = collect(expected, requests.length);
  const start = performance.now();
  const deadline = start + seconds * 1000;
  let sent = 0;
  let busy = lanes.length;
  const { promise, resolve, reject } = Promise.withResolvers<Sample>();
  const next = (lane: Lane): void => {
    const request = requests[sent];
    const begun = performance.now();
    if (request === undefined || begun >= deadline) {
      if (--busy === 0) resolve(collector.sample((begun - start) / 1000));
      return;
    }
    sent++;
    lane.send(request, (answer) => {
      try {
        collector.take(answer, performance.now() - begun);
      } catch (error) {
        return reject(error);
      }
      next(lane);
    });
  };
  for (const lane of lanes) next(lane);
  return promise;
}
