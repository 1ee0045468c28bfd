import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { missing } from "./missing.ts";
import { python } from "./python.ts";
import { waitFor } from "./wait.ts";

/** What was sent at once, as the official messages of OTLP read it. */
export interface Export {
  readonly transport: "http" | "grpc";
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: { readonly attributes: readonly Attribute[] };
  readonly scope: { readonly name: string; readonly version: string };
  readonly spans: readonly ReceivedSpan[];
}

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty where there is no parent. */
  readonly parentSpanId: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code?: string };
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
}

export interface Collector {
  readonly http: number;
  readonly grpc: number;
  readonly exports: () => readonly Export[];
  /** @returns every span, once there are so many */
  readonly spans: (count: number) => Promise<readonly ReceivedSpan[]>;
}

/** The interpreter that a collector runs on, or the reason to skip with; under `CI=true` that is an error. */
const interpreter = await python(["opentelemetry-proto==1.45.2", "grpcio==1.85.1"]).catch((error) => ({
  reason: missing("spans as a collector reads them", error),
}));

/** Why there is no collector; false where there is one. */
export const withoutCollector: string | false = typeof interpreter === "string" ? false : interpreter.reason;

/** A collector on free ports of loopback; it ends with the test. */
export async function startCollector(t: TestContext): Promise<Collector> {
  if (typeof interpreter !== "string") throw new Error(interpreter.reason);
  const program = fileURLToPath(new URL("otlp.py", import.meta.url));
  const child = spawn(interpreter, [program], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const said: unknown[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => said.push(JSON.parse(line)));
  const ports = await waitFor("a collector", () => said[0] as { http: number; grpc: number } | undefined);
  const exports = (): readonly Export[] => said.slice(1) as Export[];
  return {
    ...ports,
    exports,
    spans: (count) =>
      waitFor(`${count} spans`, () => {
        const spans = exports().flatMap((each) => each.spans);
        return spans.length >= count ? spans : undefined;
      }),
  };
}

/** Attributes by name, numbers as numbers. */
export function attributesOf({ attributes }: { readonly attributes: readonly Attribute[] }) {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue } }) => [key, stringValue ?? Number(intValue)]),
  );
}
