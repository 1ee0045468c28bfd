import assert from "node:assert/strict";
import { type Request, type Response, send } from "./client.ts";
import type { Address } from "./stack.ts";
import type { Received } from "./upstream.ts";
import { waitFor } from "./wait.ts";

// What a proxy answers, where a change of its configuration takes a moment to arrive.

/** It takes one, on a machine with nothing else to do. */
const ARRIVES_SECONDS = 30;

/** Asks again until the answer has this status. */
export function settled(proxy: Address, request: Request, status: number): Promise<Response> {
  const ask = async (): Promise<Response> => {
    const response = await send(proxy, request);
    if (response.status !== status) throw new Error(`it answers ${response.status}`);
    return response;
  };
  return waitFor(`${status} for ${request.target}`, ask, ARRIVES_SECONDS);
}

/** @returns what reached the application. */
export async function allowed(proxy: Address, request: Request): Promise<Received> {
  const { status, body } = await send(proxy, request);
  assert.equal(status, 200, `${request.target}: ${body}`);
  return JSON.parse(body);
}

/** With a verdict of the authorizer. */
export async function denied(
  proxy: Address,
  request: Request,
  status: number,
  reason: string,
): Promise<void> {
  const { status: answered, headers, body } = await send(proxy, request);
  assert.deepEqual([answered, headers["x-tenuo-deny-reason"]], [status, reason], request.target);
  assert.equal(JSON.parse(body).reason, reason);
}

/** By the proxy itself, for want of a verdict or before it asks. */
export async function refused(proxy: Address, request: Request, status: number): Promise<void> {
  const { status: answered, headers } = await send(proxy, request);
  assert.deepEqual([answered, headers["x-tenuo-deny-reason"]], [status, undefined], request.target);
}

export function header({ headers }: Received, name: string): string | undefined {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1];
}
