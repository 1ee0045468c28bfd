import type { SigningKey } from "../../src/crypto/ed25519.ts";
import { type Agent, credentialsOf, newAgent } from "./agent.ts";
import type { HttpCall } from "./http-call.ts";

/** Makes the next call, with a proof for this time (Unix seconds). */
export type Calls = (time: number) => HttpCall;

/** Counts the calls of this run, so that no two have the same arguments and with them the same proof. */
let made = 0;

/** Reads of ever other files, under one warrant. */
export function reads(root: SigningKey, links: number): Calls {
  const agent = newAgent(root, links);
  return (time) => read(agent, `report-${made++}.csv`, time);
}

/** The same with a new warrant, and a new holder, for each. */
export function readsOfStrangers(root: SigningKey): Calls {
  return (time) => read(newAgent(root, 1), `report-${made++}.csv`, time);
}

/** One read over and over. Within a window of time its proof is the same. */
export function repeatedReads(root: SigningKey): Calls {
  const agent = newAgent(root, 1);
  return (time) => read(agent, "report-again.csv", time);
}

/** Reads of what the warrant doesn't allow, rightly signed. */
export function forbiddenReads(root: SigningKey): Calls {
  const agent = newAgent(root, 1);
  return (time) => read(agent, `secret-${made++}.csv`, time);
}

/** Orders with a body of some 400 bytes, of which three values are judged. */
export function orders(root: SigningKey): Calls {
  const agent = newAgent(root, 1);
  return (time) => order(agent, `sku-${made++}`, time);
}

/** The call with the proof of another one. */
export function withWrongProof(call: HttpCall): HttpCall {
  const wrong = Buffer.alloc(64, 1).toString("base64url");
  const headers = call.headers.map(
    ([name, value]) => [name, name === "x-tenuo-pop" ? wrong : value] as const,
  );
  return { ...call, headers };
}

function read(agent: Agent, file: string, time: number): HttpCall {
  const args = new Map([
    ["file", file],
    ["region", "eu"],
  ]);
  const headers = credentialsOf(agent, { tool: "read_file", args }, time);
  return { method: "GET", target: `/files/${file}?region=eu`, headers, body: "" };
}

function order(agent: Agent, sku: string, time: number): HttpCall {
  const args = new Map<string, string | bigint>([
    ["customer", "c-7"],
    ["sku", sku],
    ["quantity", 3n],
    ["currency", "EUR"],
  ]);
  const body = {
    item: { sku, quantity: 3, options: { colour: "blue", size: "m", giftWrap: false } },
    payment: { currency: "EUR", method: "invoice", reference: "PO-2231-8" },
    shipTo: {
      name: "A. Customer",
      street: "1 Long Street",
      city: "Utrecht",
      postcode: "3511",
      country: "NL",
    },
    notes: ["leave at the door", "ring twice", "call before delivery, the gate is closed in the evening"],
  };
  const headers = [
    ...credentialsOf(agent, { tool: "place_order", args }, time),
    ["content-type", "application/json"] as const,
  ];
  return { method: "POST", target: "/customers/c-7/orders", headers, body: JSON.stringify(body) };
}
