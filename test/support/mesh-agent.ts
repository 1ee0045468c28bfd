import { credentials, type HeaderLines, type Request } from "./client.ts";
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
  const [root, agent] = [newKey(), newKey()];
  const warrant = await issuer.mint(root, {
    holder: agent,
    ttl: 600,
    tools: {
      read_file: { path: { pattern: "data/*" } },
      write_file: { path: { pattern: "data/*" } },
      place_order: { item: { wildcard: true }, amount: { range: [1, 5] } },
    },
  });
  const authority = async (
    tool: string,
    args: Readonly<Record<string, string | number>>,
  ): Promise<HeaderLines> => credentials(warrant, await issuer.proof(warrant, agent, { tool, args }));
  return {
    publicKey: agent.publicKey.hex,
    root: root.publicKey.hex,
    read: async (path, ...more) => ({
      target: `/files/${path}`,
      headers: [...(await authority("read_file", { path })), ...more],
    }),
    write: async (path, body) => ({
      method: "PUT",
      target: `/files/${path}`,
      headers: await authority("write_file", { path }),
      body,
    }),
    order: async (amount) => ({
      method: "POST",
      target: "/orders",
      headers: [
        ...(await authority("place_order", { item: "lamp", amount })),
        ["content-type", "application/json"],
      ],
      body: orderBody(amount),
    }),
  };
}

export function orderBody(amount: number): string {
  return `{"item": "lamp", "amount": ${amount}}`;
}
