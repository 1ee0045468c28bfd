import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Log } from "../../src/server/log.ts";
import { type RunningServer, startServer } from "../../src/server/server.ts";
import { loadSnapshot, type Snapshot } from "../../src/server/snapshot.ts";

export interface Service extends RunningServer {
  /** Decisions and faults so far. */
  readonly logged: readonly Logged[];
}

export interface Logged {
  readonly event: string;
  readonly detail: unknown;
}

/** The service in this process on free ports of loopback; it ends with the test. */
export async function startService(
  t: TestContext,
  gatewayYaml: string,
  change: (snapshot: Snapshot) => Snapshot = (snapshot) => snapshot,
  drainSeconds = 0,
  brokenLog = false,
): Promise<Service> {
  const snapshot = snapshotOf(gatewayYaml);
  const logged: Logged[] = [];
  const note = (event: string, detail: unknown): void => {
    if (brokenLog) throw new Error("the log is broken");
    logged.push({ event, detail });
  };
  const log: Log = {
    decision: (decision) => note("decision", decision),
    fault: (_message, error) => note("fault", error),
    info: note,
    warn: note,
  };
  const server = await startServer({
    ...{ bind: "127.0.0.1", port: 0, healthBind: "127.0.0.1", healthPort: 0, drainSeconds },
    ...{ version: "0.0.0", snapshot: () => change(snapshot), log },
  });
  t.after(() => server.drain());
  return { ...server, logged };
}

export function snapshotOf(gatewayYaml: string): Snapshot {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-test-"));
  const configFile = join(folder, "gateway.yaml");
  writeFileSync(configFile, gatewayYaml);
  const loaded = loadSnapshot({ configFile, trustedKeys: [] }, new Date(0));
  rmSync(folder, { recursive: true });
  if (!loaded.ok) throw new Error(loaded.errors.join("\n"));
  return loaded.snapshot;
}
