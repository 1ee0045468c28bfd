import type { Attempt } from "./attempt.ts";
import { BODY_ATTEMPTS } from "./bodies.ts";
import { CALL_ATTEMPTS } from "./calls.ts";
import { HEADER_ATTEMPTS } from "./headers.ts";
import { PATH_ATTEMPTS } from "./paths.ts";

/** Every attempt, by class. */
export const ATTEMPTS: readonly Attempt[] = [
  ...PATH_ATTEMPTS,
  ...HEADER_ATTEMPTS,
  ...BODY_ATTEMPTS,
  ...CALL_ATTEMPTS,
].toSorted((a, b) => a.class - b.class);
