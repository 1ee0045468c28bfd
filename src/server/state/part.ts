import { errorMessage } from "../error-message.ts";

/** The parts of the state. Each is read from a source of its own, and stays in force by itself. */
export type Part = "config" | "trusted_keys" | "revocation_list" | "tls";

/** Why a part could not be taken from its source. */
export interface PartError {
  readonly part: Part;
  /** For people; it names the file or flag. */
  readonly message: string;
}

/** Several things are wrong with one part. */
export class PartFault extends Error {
  override readonly name = "PartFault";
  readonly messages: readonly string[];

  constructor(messages: readonly string[]) {
    super(messages.join("\n"));
    this.messages = messages;
  }
}

/**
 * A part as its source has it now. With an error, which is noted, it stays as it was.
 *
 * @param inForce what it is, if it is in force
 */
export async function takePart<Value>(
  part: Part,
  errors: PartError[],
  inForce: Value | undefined,
  read: () => Value | Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await read();
  } catch (error) {
    const messages = error instanceof PartFault ? error.messages : [errorMessage(error)];
    errors.push(...messages.map((message) => ({ part, message })));
    return inForce;
  }
}

export function messagesOf(errors: readonly PartError[]): readonly string[] {
  return errors.map(({ message }) => message);
}

export function isPartRefused(part: Part, errors: readonly PartError[]): boolean {
  return errors.some((error) => error.part === part);
}
