import { availableParallelism } from "node:os";
import { MODES } from "../gateway/schema.ts";
import { DEFAULT_MAX_INFLIGHT } from "../server/check/work-queue.ts";
import { createLog } from "../server/log/log.ts";
import { LOG_LEVELS } from "../server/log/log-level.ts";
import { type RunningServer, startServer } from "../server/server.ts";
import { StartError } from "../server/start-error.ts";
import { loadSnapshot, type Sources } from "../server/state/load-snapshot.ts";
import { messagesOf } from "../server/state/part.ts";
import { createReloader, type Reloader } from "../server/state/reloader.ts";
import { createState } from "../server/state/state.ts";
import { startTracer } from "../server/trace/trace.ts";
import { readTraceSettings } from "../server/trace/trace-settings.ts";
import type { Team } from "../server/workers/team.ts";
import { announceDeaf, announceReload, announceStart, announceTracing } from "./announce.ts";
import { EXIT_FAILED, EXIT_OK, type Input, UsageError } from "./command.ts";
import { choice, required, wholeNumber } from "./flag-value.ts";
import { readPlace, readTlsFiles } from "./listening.ts";
import { noticesOf } from "./notice.ts";
import { VERSION } from "./version.ts";

const MAX_INFLIGHT = 65_536;
const DAY_SECONDS = 86_400;
/** More cores than that are better used by replicas, each of which ends alone. */
const MAX_WORKERS = 64;

/** Asked for, and not to be had yet: better no start than one without the protection that was meant. */
const NOT_YET = ["control-plane-url", "connect-token"] as const;

/** Runs the authorizer until it is told to stop. @throws {UsageError} */
export async function runServe(input: Input): Promise<number> {
  const sources = readSources(input);
  const place = readPlace(input);
  const terms = readTerms(input);
  const workers = readWorkers(input);
  const logLevel = choice(input, "log-level", LOG_LEVELS) ?? "info";
  const log = createLog(logLevel);
  const notice = noticesOf(input);

  const unsupported = NOT_YET.filter((flag) => input.text(flag) !== undefined);
  for (const flag of unsupported)
    input.stderr(`\`--${flag}\` (or its variable) is not supported yet; unset it to start\n`);
  const tracing = readTraceSettings(input.variables);
  for (const error of tracing.errors) input.stderr(`${error}\n`);
  if (unsupported.length > 0 || tracing.errors.length > 0) return EXIT_FAILED;

  // From the beginning: an early signal waits, as one ends the process, and the other is lost on the first of a container.
  const stopped = input.stopped();
  const serving = Promise.withResolvers<Reloader>();
  input.onHangup(async () => (await serving.promise).reload());

  const loaded = await loadSnapshot(sources, new Date());
  for (const warning of loaded.warnings) notice("warn", warning);
  if (!loaded.ok) {
    for (const error of messagesOf(loaded.errors)) input.stderr(`${error}\n`);
    return EXIT_FAILED;
  }
  const state = createState(sources, loaded);

  const tracer =
    tracing.settings && workers === 1 ? await startTracer(tracing.settings, VERSION, log) : undefined;
  if (tracing.settings !== undefined) announceTracing(log, tracing.settings);
  let team: Team | undefined;
  let server: RunningServer;
  try {
    if (workers > 1) {
      const settings = { version: VERSION, terms, logLevel, tracing: tracing.settings, overrides: sources };
      const { startTeam } = await import("../server/workers/team.ts");
      team = await startTeam({ size: workers, program: input.program, settings, state, log });
    }
    server = await startServer({ ...place, ...terms, version: VERSION, state, log, tracer, team });
  } catch (error) {
    team?.kill();
    if (!(error instanceof StartError)) throw error;
    input.stderr(`${error.message}\n`);
    return EXIT_FAILED;
  }
  announceStart(log, loaded, server, sources.configFile, notice);
  const reloader = createReloader(state, {
    reloaded: (reload) => announceReload(log, reload, notice),
    deaf: (why) => announceDeaf(log, why, notice),
  });
  serving.resolve(reloader);
  await stopped;
  await server.drain();
  reloader.close();
  await tracer?.end();
  await log.end();
  return EXIT_OK;
}

function readSources(input: Input): Sources {
  const given = input.list("trusted-keys");
  const variable = input.variables["TENUO_TRUSTED_KEYS"];
  const keyLists = [
    ...given.map((list) => ({ from: "--trusted-keys", list })),
    ...(variable === undefined ? [] : [{ from: "TENUO_TRUSTED_KEYS", list: variable }]),
  ];
  const trustedKeys = keyLists.flatMap(({ from, list }) =>
    list
      .split(",")
      .map((hex) => ({ from, hex: hex.trim() }))
      .filter(({ hex }) => hex !== ""),
  );
  const trustedKeysFile = input.text("trusted-keys-file");
  const revocationList = input.text("revocation-list");
  const revocationFloor = input.text("revocation-floor");
  const mode = choice(input, "mode", MODES);
  const clockToleranceSeconds = wholeNumber(input, "clock-tolerance", DAY_SECONDS);
  const tls = readTlsFiles(input);
  return {
    ...(tls === undefined ? {} : { tls }),
    configFile: required(input, "config"),
    trustedKeys,
    ...(trustedKeysFile === undefined ? {} : { trustedKeysFile }),
    ...(revocationList === undefined ? {} : { revocationList }),
    ...(revocationFloor === undefined ? {} : { revocationFloor }),
    ...(mode === undefined ? {} : { mode }),
    ...(clockToleranceSeconds === undefined ? {} : { clockToleranceSeconds }),
  };
}

/** @throws {UsageError} */
function readWorkers(input: Input): number {
  const text = input.text("workers");
  if (text === "auto") return Math.min(availableParallelism(), MAX_WORKERS);
  if (text !== undefined && !/^\d+$/.test(text))
    throw new UsageError(
      `\`${input.asGiven("workers")}\` is neither \`auto\` nor a number from 1 to ${MAX_WORKERS}`,
    );
  return wholeNumber(input, "workers", MAX_WORKERS, 1) ?? 1;
}

function readTerms(input: Input) {
  const maxAge = wholeNumber(input, "max-connection-age", DAY_SECONDS);
  return {
    drainSeconds: wholeNumber(input, "drain-seconds", DAY_SECONDS) ?? 0,
    maxConnectionAgeSeconds: maxAge || Number.POSITIVE_INFINITY,
    maxInflight: wholeNumber(input, "max-inflight", MAX_INFLIGHT, 1) ?? DEFAULT_MAX_INFLIGHT,
  };
}
