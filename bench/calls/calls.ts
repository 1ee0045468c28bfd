import type { SigningKey } from "../../src/crypto/ed25519.ts";
import { type Agent, credentialsOf, newAgent } from "./agent.ts";
import type { HttpCall } from "./http-call.ts";

/** Makes the next call, with a proof of this moment. */
export type Calls = () => HttpCall;

/** Counts the calls of this run, so that no two have the same arguments and with them the same proof. */
let made = 0;

/** Reads of ever other files, under one warrant. */
export function reads(root: SigningKey, links: number): Calls {
  const agent = newAgent(root, links);
  return () => read(agent, `report-${made++}.csv`);
}

/** The same with a new warrant, and a new holder, for each. */
export function readsOfStrangers(root: SigningKey): Calls {
  return () => read(newAgent(root, 1), `report-${made++}.csv`);
}

/** One read over and over. Within a window of time its proof is the same. */
export function repeatedReads(root: SigningKey): Calls {
  const agent = newAgent(root, 1);
  return () => read(agent, "report-again.csv");
}

/** Reads of what the warrant doesn't allow, rightly signed. */
export function forbiddenReads(root: SigningKey): Calls {
  const agent = newAgent(root, 1);
  return () => read(agent, `secret-${made++}.csv`);
}

/** Orders with a body of some 400 bytes, of which three values are judged. */
export function orders(root: SigningKey): Calls {
  const agent = newAgent(root, 1);
  return () => order(agent, `sku-${made++}`);
}

/** The call with the proof of another one. */
export function withWrongProof(call: HttpCall): HttpCall {
  const wrong = Buffer.alloc(64, 1).toString("base64url");
  const headers = call.headers.map(
    ([name, value]) => [name, name === "x-tenuo-pop" ? wrong : value] as const,
  );
  return { ...call, headers };
}

function read(agent: Agent, file: string): HttpCall {
  const args = new Map([
    ["file", file],
    ["region", "eu"],
  ]);
  const headers = credentialsOf(agent, "read_file", args);
  return { method: "GET", target: `/files/${file}?region=eu`, headers, body: "" };
}

function order(agent: Agent, sku: string): HttpCall {
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
    ...credentialsOf(agent, "place_order", args),
    ["content-type", "application/json"] as const,
  ];
  return { method: "POST", target: "/customers/c-7/orders", headers, body: JSON.stringify(body) };
}
