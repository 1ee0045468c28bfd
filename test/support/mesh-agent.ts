import { newAgent } from "./agent.ts";
import type { HeaderLines, Request } from "./client.ts";
import { type Issuer, newKey } from "./warrants.ts";

/** A caller of the tools of istio/gateway.yaml, with a warrant for some of their arguments. */
export interface MeshAgent {
  /** Hex. */
  readonly publicKey: string;
  /** Hex, of the root that is to be trusted. */
  readonly root: string;
  /** `GET /files/PATH`; granted below `data/`. */
  read(path: string, ...more: HeaderLines): Promise<Request>;
  /** `PUT /files/PATH`, likewise. */
  write(path: string, body: string): Promise<Request>;
  /** `POST /orders`; granted up to five. */
  order(amount: number): Promise<Request>;
}

export async function createMeshAgent(issuer: Issuer): Promise<MeshAgent> {
  const root = newKey();
  const tools = {
    read_file: { path: { pattern: "data/*" } },
    write_file: { path: { pattern: "data/*" } },
    place_order: { item: { wildcard: true }, amount: { range: [1, 5] } },
  } as const;
  const { key, headers } = await newAgent(root, tools, issuer);
  return {
    publicKey: key.publicKey.hex,
    root: root.publicKey.hex,
    read: async (path, ...more) => ({
      target: `/files/${path}`,
      headers: [...(await headers({ tool: "read_file", args: { path } })), ...more],
    }),
    write: async (path, body) => ({
      method: "PUT",
      target: `/files/${path}`,
      headers: await headers({ tool: "write_file", args: { path } }),
      body,
    }),
    order: async (amount) => ({
      method: "POST",
      target: "/orders",
      headers: [
        ...(await headers({ tool: "place_order", args: { item: "lamp", amount } })),
        ["content-type", "application/json"],
      ],
      body: orderBody(amount),
    }),
  };
}

export function orderBody(amount: number): string {
  return `{"item": "lamp", "amount": ${amount}}`;
}
