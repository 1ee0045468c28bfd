import assert from "node:assert/strict";
import { type Request, type Response, send } from "./client.ts";
import type { Address, Stack } from "./stack.ts";
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
  const { status, headers, body } = await send(proxy, request);
  assert.equal(status, 200, `${request.target}: ${headers["x-tenuo-deny-reason"]} ${body}`);
  return JSON.parse(body);
}

/** With a verdict of the authorizer. */
export async function denied(
  proxy: Address,
  request: Request,
  status: number,
  reason: string,
): Promise<Response> {
  const response = await send(proxy, request);
  const { status: answered, headers, body } = response;
  assert.deepEqual([answered, headers["x-tenuo-deny-reason"]], [status, reason], request.target);
  if (request.method !== "HEAD") assert.equal(JSON.parse(body).reason, reason);
  return response;
}

/** By the proxy itself, for want of a verdict or before it asks. */
export async function refused(proxy: Address, request: Request, status: number): Promise<Response> {
  const response = await send(proxy, request);
  const { status: answered, headers } = response;
  assert.deepEqual([answered, headers["x-tenuo-deny-reason"]], [status, undefined], request.target);
  return response;
}

/** The same of a stack, where nothing of what isn't allowed may reach the upstream. */
export function verdictsOf(stack: () => Pick<Stack, "gateway" | "upstreamCount">) {
  const unforwarded = async (asked: () => Promise<Response>): Promise<Response> => {
    const before = await stack().upstreamCount();
    const response = await asked();
    assert.equal(await stack().upstreamCount(), before, "requests at the upstream");
    return response;
  };
  return {
    allowed: (request: Request) => allowed(stack().gateway(), request),
    denied: (request: Request, status: number, reason: string) =>
      unforwarded(() => denied(stack().gateway(), request, status, reason)),
    refused: (request: Request, status: number) =>
      unforwarded(() => refused(stack().gateway(), request, status)),
    /** Whatever is answered. */
    unforwarded: (request: Request) => unforwarded(() => send(stack().gateway(), request)),
  };
}

export function header({ headers }: Received, name: string): string | undefined {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1];
}
