/** What a request got. */
export interface Answer {
  readonly status: number;
  /** Of the header that tells why a call is denied. */
  readonly reason: string | undefined;
}

export const ALLOWED: Answer = { status: 200, reason: undefined };

export function isSame(a: Answer, b: Answer): boolean {
  return a.status === b.status && a.reason === b.reason;
}

export function answerText({ status, reason }: Answer): string {
  return reason === undefined ? String(status) : `${status} ${reason}`;
}
