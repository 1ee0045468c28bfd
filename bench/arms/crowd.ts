import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SigningKey } from "../../src/crypto/ed25519.ts";
import { signList } from "../../test/support/revocation-list.ts";
import { type Calls, reads, readsOfStrangers } from "../calls/calls.ts";
import { filesYaml } from "../calls/gateway-yaml.ts";
import type { Arm } from "./arm.ts";
import { own } from "./own.ts";

const ROUTES = 1000;
const REVOKED = 10_000;
/** Distinct warrants seen before what is measured, for each request that others are warmed up with. */
const STRANGERS_PER_WARMUP = 5;

/** As `single`, in a service that has much to look through and has seen many. */
export function crowd(root: SigningKey): Pick<Arm, "calls" | "start" | "warmup"> {
  let strangersLeft = 0;
  const strangers = readsOfStrangers(root);
  const regulars = reads(root, 1);
  const calls: Calls = (time) => (strangersLeft-- > 0 ? strangers(time) : regulars(time));
  return {
    calls,
    warmup: (usual) => {
      strangersLeft = usual * STRANGERS_PER_WARMUP;
      return strangersLeft + usual;
    },
    start: (port, folder) => {
      const list = join(folder, `${port}.revoked`);
      const ids = Array.from({ length: REVOKED }, (_, i) => `tnu_wrt_${i.toString(16).padStart(32, "0")}`);
      writeFileSync(list, signList(root, { ids }));
      const serve = own({
        gatewayYaml: withRoutes(filesYaml(root.publicKey.hex)),
        logged: { decision: "allow" },
        flags: ["--revocation-list", list],
      });
      return serve(port, folder);
    },
  };
}

/** Each of its own pattern, in front of those of the file. */
function withRoutes(yaml: string): string {
  const routes = Array.from(
    { length: ROUTES },
    (_, i) => `  - {pattern: "/v${i % 10}/service-${i}/{file}/{region}", method: [GET], tool: read_file}\n`,
  );
  return yaml.replace("routes:\n", `routes:\n${routes.join("")}`);
}
