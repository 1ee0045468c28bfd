import assert from "node:assert/strict";
import { Agent } from "node:http";
import type { Answerer } from "./asking.ts";
import { send } from "./client.ts";
import type { Stack } from "./stack.ts";

/** An Envoy that is asked, with what came of it. */
export interface Gateway extends Answerer {
  readonly allowed: () => number;
  /** Answers 503 of Envoy's own, for want of a verdict. */
  readonly held: () => number;
  /** Requests whose connection ended before an answer. */
  readonly cutOff: () => number;
}

/** On a few connections that are kept. */
export function throughEnvoy(stack: Stack): Gateway {
  const connections = new Agent({ keepAlive: true, maxSockets: 8 });
  let sent = 0;
  let allowed = 0;
  let held = 0;
  let denied = 0;
  return {
    ask: async (target, headers) => {
      sent++;
      const request = { target, headers: Object.entries(headers) };
      const { status, headers: answered } = await send(stack.gateway(), request, connections);
      if (status === 200) {
        allowed++;
        return "allow";
      }
      const reason = answered["x-tenuo-deny-reason"];
      if (reason === undefined) {
        held++;
        assert.equal(status, 503);
        throw new Error("no verdict");
      }
      denied++;
      return String(reason);
    },
    close: () => connections.destroy(),
    allowed: () => allowed,
    held: () => held,
    cutOff: () => sent - allowed - held - denied,
  };
}
