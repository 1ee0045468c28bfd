import { CborError, decode } from "../../cbor/decode.ts";
import { encode } from "../../cbor/encode.ts";
import { type CborValue, isArray, isMap } from "../../cbor/value.ts";
import type { Evaluation } from "../../evaluation.ts";
import { compareText } from "../../text-order.ts";
import type { Arguments } from "../../value.ts";
import {
  type Constraint,
  isFault,
  parseConstraint,
  type Room,
  writeConstraint,
} from "../constraint/index.ts";
import { refuseFault } from "../constraint-set.ts";
import { asMap, asStruct, asText, Malformed } from "../malformed.ts";
import type { WarrantRefusal } from "../refusal.ts";

/** Which values of an argument need approval: all, those that match, or all but those that match. */
export type ArgumentGate =
  | { readonly on: "all" }
  | { readonly on: "match" | "no_match"; readonly constraint: Constraint };

/** When calls of a tool need approval (approvals §2). */
export interface ToolGate {
  /** In the byte order of the names; null gates every call, an empty map none. */
  readonly args: ReadonlyMap<string, ArgumentGate> | null;
  /** What to tell who asks; shown, never compared. */
  readonly message?: string;
}

/** By exact tool name, or `*`. */
export type GateMap = ReadonlyMap<string, ToolGate>;

/** Name of the extension that holds a gate map. */
export const APPROVAL_GATES = "tenuo.approval_gates";

/** Longest message, in characters. */
const MAX_MESSAGE_CHARACTERS = 200;

/** Kinds that could exempt anything; unknown ones may be of these. */
const NEVER_EXEMPT: ReadonlySet<string> = new Set(["Wildcard", "Any", "Not", "Cel", "Unknown"]);

/**
 * Reads the gate map of a warrant.
 *
 * @returns undefined where there is none, and `malformed` for bytes that may be meant to gate anything: it makes no
 * warrant unreadable, but denies every call under it.
 */
export function parseGateMap(bytes: Uint8Array | undefined, room?: Room): GateMap | "malformed" | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined;
  try {
    const gates = new Map<string, ToolGate>();
    for (const [tool, gate] of asMap(decode(bytes), "the gate map")) {
      gates.set(asText(tool, "the tool of a gate"), parseToolGate(gate, room));
    }
    return gates;
  } catch (error) {
    if (error instanceof CborError || error instanceof Malformed) return "malformed";
    throw error;
  }
}

function parseToolGate(value: CborValue, room?: Room): ToolGate {
  const members = asStruct(value, "a gate", ["args"], ["message"]);
  const message = "message" in members ? shorten(asText(members.message, "the message of a gate")) : "";
  return {
    args: members.args === null ? null : parseArgumentGates(members.args, room),
    ...(message !== "" && { message }),
  };
}

function shorten(message: string): string {
  return Array.from(message.trim()).slice(0, MAX_MESSAGE_CHARACTERS).join("");
}

function parseArgumentGates(value: CborValue, room?: Room): ReadonlyMap<string, ArgumentGate> {
  const gates: [string, ArgumentGate][] = [];
  for (const [name, gate] of asMap(value, "`args` of a gate")) {
    gates.push([asText(name, "an argument of a gate"), parseArgumentGate(gate, room)]);
  }
  return new Map(gates.sort(([a], [b]) => compareText(a, b)));
}

function parseArgumentGate(value: CborValue, room?: Room): ArgumentGate {
  if (value === "all") return { on: "all" };
  if (isArray(value)) return { on: "match", constraint: parseConstraint(value, room) };
  if (!isMap(value)) throw new Malformed("an argument's gate is none of its three forms");
  const constraint = parseConstraint(asStruct(value, "an argument's gate", ["exempt"]).exempt, room);
  if (NEVER_EXEMPT.has(constraint.kind)) throw new Malformed(`a gate exempts by ${constraint.kind}`);
  return { on: "no_match", constraint };
}

/** The bytes of a gate map. */
export function writeGateMap(gates: GateMap): Uint8Array {
  return encode(new Map(Array.from(gates, ([tool, gate]) => [tool, toolGateToCbor(gate)])));
}

function toolGateToCbor({ args, message }: ToolGate): CborValue {
  const members = new Map<string, CborValue>();
  members.set("args", args && new Map(Array.from(args, ([name, gate]) => [name, argumentGateToCbor(gate)])));
  if (message !== undefined) members.set("message", message);
  return members;
}

function argumentGateToCbor(gate: ArgumentGate): CborValue {
  if (gate.on === "all") return "all";
  const constraint = writeConstraint(gate.constraint);
  return gate.on === "match" ? constraint : new Map([["exempt", constraint]]);
}

/** The gate of a tool: its own, else that of `*`. */
export function gateOf(gates: GateMap, tool: string): ToolGate | undefined {
  return gates.get(tool) ?? gates.get("*");
}

/** Steps of looking one argument up. */
const ARGUMENT_EFFORT = 5;

/**
 * Whether a call needs approval (approvals §2.1). The gates of its arguments are asked in the order of their names: the
 * first that fires decides, and one that can't be evaluated before that refuses the call. A missing argument fires.
 *
 * @throws {TooCostly} when it would take more effort than is left.
 */
export function isGated(gate: ToolGate, args: Arguments, evaluation: Evaluation): boolean | WarrantRefusal {
  if (gate.args === null) return true;
  for (const [name, asked] of gate.args) {
    evaluation.spend(ARGUMENT_EFFORT);
    const value = args.get(name);
    if (value === undefined || asked.on === "all") return true;
    const result = asked.constraint.matches(value, evaluation);
    if (isFault(result)) return refuseFault(result, name, args, asked.constraint);
    if (result === asked.on) return true;
  }
  return false;
}
