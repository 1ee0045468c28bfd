/**
 * Calls `act` once nobody has asked for it for `quietMs`, or after `patienceMs` of being asked all the time. What waits
 * doesn't keep the process alive.
 */
export function untilQuiet(
  act: () => void,
  quietMs: number,
  patienceMs: number,
): { readonly ask: () => void; readonly cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let actAt = 0;
  return {
    ask: () => {
      const now = performance.now();
      if (timer === undefined) actAt = now + patienceMs;
      clearTimeout(timer);
      timer = setTimeout(
        () => {
          timer = undefined;
          act();
        },
        Math.max(0, Math.min(quietMs, actAt - now)),
      ).unref();
    },
    cancel: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
