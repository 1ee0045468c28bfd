import { type Input, UsageError } from "./command.ts";

/** @throws {UsageError} unless the flag is one of the choices, or absent. */
export function choice<T extends string>(input: Input, flag: string, choices: readonly T[]): T | undefined {
  const text = input.text(flag);
  if (text === undefined) return undefined;
  const found = choices.find((candidate) => candidate === text);
  if (found === undefined)
    throw new UsageError(`\`${input.asGiven(flag)}\` is none of ${choices.join(", ")}`);
  return found;
}

/** @throws {UsageError} unless the flag is a whole number from `least` to `most`, or absent. */
export function wholeNumber(input: Input, flag: string, most: number, least = 0): number | undefined {
  const text = input.text(flag);
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text) || Number(text) > most || Number(text) < least) {
    throw new UsageError(`\`${input.asGiven(flag)}\` is not a whole number from ${least} to ${most}`);
  }
  return Number(text);
}

/** @throws {UsageError} unless the flag is a file mode in octal. */
export function octalMode(input: Input, flag: string): number {
  const text = required(input, flag);
  if (!/^0?[0-7]{3}$/.test(text))
    throw new UsageError(`\`${input.asGiven(flag)}\` is not a mode in octal, as 0660`);
  return Number.parseInt(text, 8);
}

export function required(input: Input, flag: string): string {
  const text = input.text(flag);
  if (text === undefined) throw new UsageError(`\`--${flag}\` is missing`);
  return text;
}
