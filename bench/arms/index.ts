import { onPath } from "../../src/cli/demo/on-path.ts";
import { generateSigningKey } from "../../src/crypto/ed25519.ts";
import { forbiddenReads, orders, reads, readsOfStrangers, repeatedReads } from "../calls/calls.ts";
import { filesYaml, ordersYaml } from "../calls/gateway-yaml.ts";
import { ALLOWED, type Answer } from "../load/answer.ts";
import type { Arm, Missing } from "./arm.ts";
import { crowd } from "./crowd.ts";
import { startNoOp } from "./no-op.ts";
import { own } from "./own.ts";
import { REFERENCE, reference } from "./reference.ts";

const DENIED: Answer = { status: 403, reason: "constraint_violation" };

const root = generateSigningKey();
const files = filesYaml(root.publicKey.hex);
const allowed = { decision: "allow" } as const;
const violation = { reason: "constraint_violation" } as const;

const ours = { protocol: "grpc", expected: ALLOWED, refuses: true } as const;
const theirs = { protocol: "http", expected: ALLOWED, refuses: true } as const;
const serve = own({ gatewayYaml: files, logged: allowed });

/** Those that any machine can run. */
const ALWAYS: readonly Arm[] = [
  {
    name: "envoy",
    about: "Envoy alone, without authorization",
    ...{ protocol: undefined, expected: ALLOWED, refuses: false, calls: reads(root, 1) },
    start: async () => ({ pid: undefined, stop: async () => {} }),
  },
  {
    name: "no-op",
    about: "a service on `@grpc/grpc-js` that allows everything",
    ...{ protocol: "grpc", expected: ALLOWED, refuses: false, calls: reads(root, 1), start: startNoOp },
  },
  { name: "single", about: "one warrant, each proof new", ...ours, calls: reads(root, 1), start: serve },
  {
    name: "cold",
    about: "each warrant, holder and proof new",
    ...{ ...ours, calls: readsOfStrangers(root), start: serve },
  },
  {
    name: "repeated",
    about: "the same call again and again",
    ...ours,
    calls: repeatedReads(root),
    start: serve,
  },
  { name: "chain", about: "a chain of three, each proof new", ...ours, calls: reads(root, 3), start: serve },
  {
    name: "body",
    about: "a JSON body of 400 bytes, three values of it judged",
    ...{ ...ours, calls: orders(root) },
    start: own({ gatewayYaml: ordersYaml(root.publicKey.hex), logged: allowed }),
  },
  {
    name: "denial",
    about: "a value that the warrant doesn't allow",
    ...{ ...ours, expected: DENIED, calls: forbiddenReads(root) },
    start: own({ gatewayYaml: files, logged: { decision: "deny", ...violation } }),
  },
  {
    name: "audit",
    about: "the same denial in mode `audit`: it passes, and the log tells",
    ...{ ...ours, refuses: false, calls: forbiddenReads(root) },
    start: own({
      gatewayYaml: files,
      logged: { decision: "would_deny", ...violation },
      flags: ["--mode", "audit"],
    }),
  },
  {
    name: "silent",
    about: "as `single`, with nothing logged",
    ...{ ...ours, calls: reads(root, 1) },
    start: own({ gatewayYaml: files, logged: undefined, flags: ["--log-level", "silent"] }),
  },
  {
    name: "crowd",
    about: "as `single`, among 1000 routes and 10 000 revoked ids, after 100 000 other warrants",
    ...{ ...ours, ...crowd(root) },
  },
  {
    name: "workers",
    about: "as `single`, with two workers",
    ...{ ...ours, calls: reads(root, 1) },
    start: own({ gatewayYaml: files, logged: allowed, flags: ["--workers", "2"] }),
  },
];

function published(): readonly (Arm | Missing)[] {
  const program = onPath(REFERENCE, process.env["PATH"]);
  const arms = [
    { name: "reference-single", about: "one warrant, each proof new", calls: reads(root, 1) },
    { name: "reference-chain", about: "a chain of three, each proof new", calls: reads(root, 3) },
    { name: "reference-repeated", about: "the same call again and again", calls: repeatedReads(root) },
  ];
  if (program === undefined) return arms.map(({ name }) => ({ name, why: `${REFERENCE} isn't on the PATH` }));
  return arms.map((each) => ({ ...each, ...theirs, start: reference(program, files) }));
}

/** All arms, in the order of the tables, and those that can't run here. */
export function allArms(): readonly (Arm | Missing)[] {
  return [...ALWAYS, ...published()];
}
