import { generateSigningKey, type SigningKey } from "../../crypto/ed25519.ts";
import type { Arguments } from "../../value.ts";
import { pattern, range } from "../../warrant/constraint/index.ts";
import { constraintSet } from "../../warrant/constraint-set.ts";
import { encodeHeader } from "../../warrant/header.ts";
import { delegate, delegateUnchecked, encodeStack, type Grant, mint } from "../../warrant/mint.ts";
import { signProof } from "../../warrant/proof.ts";
import { leafOf, type Stack } from "../../warrant/warrant.ts";
import type { AgentRequest } from "./send.ts";

/** A request and the verdict it has to get. */
export interface Case {
  readonly title: string;
  readonly request: AgentRequest;
  readonly status: number;
  /** undefined for an allow. */
  readonly reason?: string;
}

/** Keys and warrants of a planner that delegates to a worker. */
export interface Cast {
  readonly root: SigningKey;
  readonly worker: SigningKey;
  readonly stack: Stack;
}

const HOUR = 3600;

export function gatewayYaml(rootHex: string): string {
  return `# Which requests are which tool call. Written by the demo.
version: "2"

settings:
  # Warrants count when they start at this key.
  trusted_roots: ["${rootHex}"]
  # Tell clients why, in full. Not in production: it shows them the arguments.
  debug_mode: true
  # The upstream needs no copy of the warrant and the proof.
  strip_credentials: true

tools:
  read_file:
    constraints:
      path: {from: path, path: file, required: true}
      lines: {from: query, path: lines, type: integer}
  scale_service:
    constraints:
      service: {from: path, path: service, required: true}
      replicas: {from: body, path: replicas, type: integer, required: true}
  delete_file:
    constraints:
      path: {from: path, path: file, required: true}

routes:
  - {pattern: "/files/{*file}", method: GET, tool: read_file}
  - {pattern: "/files/{*file}", method: DELETE, tool: delete_file}
  - {pattern: "/services/{service}/scale", method: PUT, tool: scale_service}
`;
}

/**
 * A root warrant for the planner, and a narrower one that the planner makes for the worker.
 *
 * @param now Unix seconds
 */
export function makeCast(now: number): Cast {
  const root = generateSigningKey();
  const planner = generateSigningKey();
  const worker = generateSigningKey();
  const planned = mint(root, plannersGrant(planner, now));
  return { root, worker, stack: delegate(planner, planned, workersGrant(worker, now)) };
}

const plannersGrant = (planner: SigningKey, now: number): Grant => ({
  holder: planner.publicKey,
  tools: {
    read_file: constraintSet({ path: pattern("data/*") }, true),
    scale_service: constraintSet({ service: pattern("*"), replicas: range({ min: 0, max: 15 }) }),
  },
  issuedAt: now,
  lifetimeSeconds: HOUR,
});

const workersGrant = (worker: SigningKey, now: number): Grant => ({
  holder: worker.publicKey,
  tools: {
    read_file: constraintSet({ path: pattern("data/reports/*") }, true),
    scale_service: constraintSet({ service: pattern("web-*"), replicas: range({ min: 0, max: 5 }) }),
  },
  issuedAt: now,
  lifetimeSeconds: HOUR / 2,
});

/** What an agent may do, and a dozen ways around it. */
export function makeCases({ root, worker, stack }: Cast, now: number): readonly Case[] {
  const stranger = generateSigningKey();
  const read = { method: "GET", target: "/files/data/reports/may.csv" };
  const readArgs = new Map([["path", "data/reports/may.csv"]]);
  const signed = headersFor(worker, stack, "read_file", readArgs, now);
  const scaled = (replicas: bigint) =>
    headersFor(
      worker,
      stack,
      "scale_service",
      new Map<string, string | bigint>([
        ["service", "web-1"],
        ["replicas", replicas],
      ]),
      now,
    );
  const scale = { method: "PUT", target: "/services/web-1/scale" };
  const json = { "content-type": "application/json" };
  const secret = "data/salaries.csv";

  const expired = mint(root, { ...workersGrant(worker, now - HOUR), lifetimeSeconds: HOUR / 2 });
  const forged = mint(stranger, workersGrant(worker, now));
  const widened = delegateUnchecked(worker, stack, {
    ...workersGrant(worker, now),
    tools: { read_file: constraintSet({}), delete_file: constraintSet({}) },
    lifetimeSeconds: 60,
  });

  return [
    { title: "read a report", request: { ...read, headers: signed }, status: 200 },
    {
      title: "scale a service to 3",
      request: { ...scale, headers: { ...scaled(3n), ...json }, body: '{"replicas": 3}' },
      status: 200,
    },
    {
      title: "scale it to 50",
      request: { ...scale, headers: { ...scaled(50n), ...json }, body: '{"replicas": 50}' },
      status: 403,
      reason: "constraint_violation",
    },
    {
      title: "sign for 3, send 50",
      request: { ...scale, headers: { ...scaled(3n), ...json }, body: '{"replicas": 50}' },
      status: 401,
      reason: "invalid_pop",
    },
    {
      title: "read outside the reports",
      request: {
        method: "GET",
        target: `/files/${secret}`,
        headers: headersFor(worker, stack, "read_file", new Map([["path", secret]]), now),
      },
      status: 403,
      reason: "constraint_violation",
    },
    {
      title: "a tool not granted",
      request: {
        ...read,
        method: "DELETE",
        headers: headersFor(worker, stack, "delete_file", readArgs, now),
      },
      status: 403,
      reason: "tool_not_in_warrant",
    },
    {
      title: "a path without a route",
      request: { ...read, target: "/admin", headers: signed },
      status: 404,
      reason: "no_route",
    },
    { title: "no warrant", request: { ...read, headers: {} }, status: 401, reason: "missing_warrant" },
    {
      title: "no proof",
      request: { ...read, headers: { "X-Tenuo-Warrant": signed["X-Tenuo-Warrant"] } },
      status: 401,
      reason: "missing_pop",
    },
    {
      title: "a stolen warrant",
      request: { ...read, headers: headersFor(stranger, stack, "read_file", readArgs, now) },
      status: 401,
      reason: "invalid_pop",
    },
    {
      title: "a proof from 100 seconds ago",
      request: { ...read, headers: headersFor(worker, stack, "read_file", readArgs, now - 100) },
      status: 401,
      reason: "pop_expired",
    },
    {
      title: "an expired warrant",
      request: { ...read, headers: headersFor(worker, expired, "read_file", readArgs, now) },
      status: 401,
      reason: "warrant_expired",
    },
    {
      title: "a tampered warrant",
      request: { ...read, headers: { ...signed, "X-Tenuo-Warrant": tampered(stack) } },
      status: 401,
      reason: "invalid_warrant",
    },
    {
      title: "a delegation to oneself, wider",
      request: { ...read, headers: headersFor(worker, widened, "read_file", readArgs, now) },
      status: 401,
      reason: "chain_invalid",
    },
    {
      title: "a warrant of one's own making",
      request: { ...read, headers: headersFor(worker, forged, "read_file", readArgs, now) },
      status: 401,
      reason: "untrusted_root",
    },
    {
      title: "the same argument twice",
      request: { ...read, target: `${read.target}?lines=1&lines=9`, headers: signed },
      status: 400,
      reason: "ambiguous_request",
    },
  ];
}

type SignedHeaders = Readonly<Record<"X-Tenuo-Warrant" | "X-Tenuo-PoP", string>>;

function headersFor(
  key: SigningKey,
  stack: Stack,
  tool: string,
  args: Arguments,
  now: number,
): SignedHeaders {
  return {
    "X-Tenuo-Warrant": encodeHeader(encodeStack(stack)),
    "X-Tenuo-PoP": encodeHeader(signProof(key, { warrant: leafOf(stack), tool, args }, now)),
  };
}

/** The last bit of the leaf's signature turned. */
function tampered(stack: Stack): string {
  const bytes = Uint8Array.from(encodeStack(stack));
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return encodeHeader(bytes);
}
