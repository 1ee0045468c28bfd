/** The service can't start, by no fault of its configuration; the message says what to do. */
export class StartError extends Error {
  override readonly name: string = "StartError";
}
