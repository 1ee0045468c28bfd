/** An expression that can't be read, or can't be evaluated. Thrown and caught inside this folder alone. */
export class CelError extends Error {
  override readonly name = "CelError";
}
