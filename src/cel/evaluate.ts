import type { Evaluation } from "../evaluation.ts";
import { negate } from "./convert.ts";
import { CelError } from "./error.ts";
import { FUNCTIONS } from "./functions.ts";
import { operate } from "./operators.ts";
import type { Call, Macro, Node } from "./syntax.ts";
import { asKey, type CelKey, type CelList, type CelMap, type CelValue, isList, isMap } from "./value.ts";

/** Names, and what they stand for. Macros set theirs, and put back what was there. */
export type Variables = Map<string, CelValue>;

/** Steps of each part of an expression, and beside them of an operator, a call, and an entry of a map. */
const NODE_EFFORT = 4;
const OPERATOR_EFFORT = 4;
const CALL_EFFORT = 8;
const ENTRY_EFFORT = 8;
/** Steps of a macro for each element. */
const TURN_EFFORT = 4;

/**
 * @throws {CelError} when there is no value.
 * @throws {TooCostly} when it takes more effort than is left.
 */
export function evaluate(node: Node, variables: Variables, evaluation: Evaluation): CelValue {
  const compute = (operand: Node): CelValue => {
    evaluation.spend(NODE_EFFORT);
    switch (operand.op) {
      case "literal":
        return operand.value;
      case "name":
        return named(operand.name);
      case "list":
        return operand.items.map(compute);
      case "map":
        return mapOf(operand.entries);
      case "select":
        return memberOf(compute(operand.target), operand.field);
      case "has": {
        const target = compute(operand.target);
        return isMap(target) && target.has(operand.field);
      }
      case "index":
        return elementOf(compute(operand.target), compute(operand.index), evaluation);
      case "call":
        return called(operand);
      case "macro":
        return expanded(operand);
      case "not":
        return !condition(operand.operand);
      case "negate":
        return negate(compute(operand.operand));
      case "binary":
        evaluation.spend(OPERATOR_EFFORT);
        return operate(operand.operator, compute(operand.left), compute(operand.right), evaluation);
      // From left to right: what fails before the others decide is an error.
      case "and":
        return operand.operands.every(condition);
      case "or":
        return operand.operands.some(condition);
      case "choose":
        return compute(condition(operand.condition) ? operand.yes : operand.no);
    }
  };

  /** Releases differ on what else counts as true, so nothing else does. */
  const condition = (operand: Node): boolean => {
    const value = compute(operand);
    if (typeof value !== "boolean") throw new CelError("neither true nor false");
    return value;
  };

  const named = (name: string): CelValue => {
    const value = variables.get(name);
    if (value === undefined) throw new CelError("an unknown name");
    return value;
  };

  const mapOf = (entries: readonly (readonly [Node, Node])[]): CelMap => {
    const map = new Map<CelKey, CelValue>();
    for (const [key, member] of entries) {
      evaluation.spend(ENTRY_EFFORT);
      map.set(asKey(compute(key)), compute(member));
    }
    return map;
  };

  const called = ({ name, target, operands }: Call): CelValue => {
    evaluation.spend(CALL_EFFORT);
    const found = FUNCTIONS.get(name);
    if (found === undefined || (target !== undefined && !found.isMethod))
      throw new CelError("an unknown function");
    const values = (target === undefined ? operands : [target, ...operands]).map(compute);
    if (values.length !== (found.operands ?? Math.max(1, values.length))) {
      throw new CelError("a wrong number of operands");
    }
    return found.run(values, evaluation);
  };

  const expanded = (macro: Macro): CelValue => {
    const outer = variables.get(macro.variable);
    const elements = elementsOf(compute(macro.target), evaluation);
    const bind = (element: CelValue): void => {
      evaluation.spend(TURN_EFFORT);
      variables.set(macro.variable, element);
    };
    const result = resultOf(macro, elements, bind);
    if (outer === undefined) variables.delete(macro.variable);
    else variables.set(macro.variable, outer);
    return result;
  };

  const resultOf = ({ macro, condition: taken, body }: Macro, elements: CelList, bind: Bind): CelValue => {
    const holds = (element: CelValue): boolean => {
      bind(element);
      return condition(body);
    };
    switch (macro) {
      case "all":
        return elements.every(holds);
      case "exists":
        return elements.some(holds);
      case "exists_one":
        return elements.filter(holds).length === 1;
      case "filter":
        return elements.filter(holds);
      case "map":
        return elements.flatMap((element) => {
          bind(element);
          return taken === undefined || condition(taken) ? [compute(body)] : [];
        });
    }
  };

  return compute(node);
}

type Bind = (element: CelValue) => void;

/** Of a map its keys. */
function elementsOf(value: CelValue, evaluation: Evaluation): CelList {
  if (isList(value)) return value;
  if (isMap(value)) {
    evaluation.spend(value.size);
    return [...value.keys()];
  }
  throw new CelError("neither a list nor a map");
}

function memberOf(target: CelValue, field: CelKey): CelValue {
  const member = isMap(target) ? target.get(field) : undefined;
  if (member === undefined) throw new CelError("no such member");
  return member;
}

/** Outside a list or text, and inside a character of several bytes, there is null. */
function elementOf(target: CelValue, index: CelValue, evaluation: Evaluation): CelValue {
  if (isMap(target)) return memberOf(target, asKey(index));
  if (typeof index !== "bigint") throw new CelError("not an index");
  if (isList(target)) return target[Number(index)] ?? null;
  if (typeof target !== "string") throw new CelError("nothing to index");
  evaluation.spend(target.length / 4);
  const byte = Buffer.from(target)[Number(index)];
  return byte === undefined || byte >= 0x80 ? null : String.fromCharCode(byte);
}
