import { TooCostly } from "../../src/evaluation.ts";

/** What a judgement says, or that it takes more effort than it was given. */
export function orTooCostly<Verdict>(judge: () => Verdict): Verdict | "too costly" {
  try {
    return judge();
  } catch (error) {
    if (error instanceof TooCostly) return "too costly";
    throw error;
  }
}
