import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { unreadable } from "../state/read-file.ts";

/** How spans are made and where they go, from OpenTelemetry's standard variables. */
export interface TraceSettings {
  readonly protocol: Protocol;
  /** Of the collector, for people: without a path or credentials. */
  readonly endpoint: string;
  /** What every span says of this process, besides its version. */
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: SamplerName;
  /** Of the traces that begin here, how many are kept, from 0 to 1. */
  readonly ratio: number;
  readonly batch: Batch;
}

export interface Batch {
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
}

const PROTOCOLS = ["http/protobuf", "grpc"] as const;
type Protocol = (typeof PROTOCOLS)[number];

const SAMPLERS = [
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
  "always_on",
  "always_off",
  "traceidratio",
] as const;
export type SamplerName = (typeof SAMPLERS)[number];

const EXPORTERS = ["otlp", "none"] as const;
const COMPRESSIONS = ["none", "gzip"] as const;

/** Finished spans that wait to be sent; what comes above is lost. The default of OpenTelemetry. */
const DEFAULT_QUEUED_SPANS = 2048;
/** Half of OpenTelemetry's: so many are encoded within a millisecond, and meanwhile no check goes on. */
const DEFAULT_SPANS_PER_EXPORT = 256;
/** How long spans wait for others. The default of OpenTelemetry. */
const DEFAULT_EXPORT_INTERVAL_MS = 5_000;
/** How long one export may take. The default of OpenTelemetry. */
const DEFAULT_EXPORT_TIMEOUT_MS = 30_000;
/** The most spans that may be told to wait, some 2 KB each. */
const MAX_QUEUED_SPANS = 65_536;
/** The longest that a variable may ask for. */
const MAX_EXPORT_TIME_MS = 3_600_000;

type Variables = Readonly<Record<string, string | undefined>>;

/** @returns no settings where tracing is off; every error of every variable at once */
export function readTraceSettings(variables: Variables): {
  readonly settings: TraceSettings | undefined;
  readonly errors: readonly string[];
} {
  const errors: string[] = [];
  const { text, choice, number, ofOtlp } = reader(variables, errors);
  const isDisabled = text("OTEL_SDK_DISABLED")?.toLowerCase() === "true";
  const endpoint = ofOtlp("ENDPOINT");
  if (isDisabled || endpoint === undefined) return { settings: undefined, errors };
  const exporter = choice("OTEL_TRACES_EXPORTER", EXPORTERS) ?? "otlp";
  if (exporter === "none") return { settings: undefined, errors };

  const protocol = choice(ofOtlp("PROTOCOL")?.name, PROTOCOLS) ?? "http/protobuf";
  const url = urlOf(endpoint.value, protocol);
  if (url === undefined) errors.push(`${endpoint.name}: not a URL such as ${EXAMPLES[protocol]}`);
  choice(ofOtlp("COMPRESSION")?.name, COMPRESSIONS);
  number(ofOtlp("TIMEOUT")?.name, { min: 1, max: MAX_EXPORT_TIME_MS });
  for (const name of ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"])
    errors.push(...headerErrors(name, text(name)));
  errors.push(...fileErrors(["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"].map(ofOtlp)));

  const sampler = choice("OTEL_TRACES_SAMPLER", SAMPLERS) ?? "parentbased_always_on";
  const isRatio = sampler.endsWith("traceidratio");
  const ratio = isRatio ? number("OTEL_TRACES_SAMPLER_ARG", { min: 0, max: 1, isWhole: false }) : undefined;
  const time = { min: 1, max: MAX_EXPORT_TIME_MS };
  const maxQueueSize =
    number("OTEL_BSP_MAX_QUEUE_SIZE", { min: 1, max: MAX_QUEUED_SPANS }) ?? DEFAULT_QUEUED_SPANS;
  const settings: TraceSettings = {
    protocol,
    endpoint: url?.host ? `${url.protocol}//${url.host}` : endpoint.value,
    resource: {
      "service.name": "tenuo-ext-authz",
      ...resourceOf(text("OTEL_RESOURCE_ATTRIBUTES"), errors),
      ...optional("service.name", text("OTEL_SERVICE_NAME")),
    },
    sampler,
    ratio: ratio ?? 1,
    batch: {
      maxQueueSize,
      maxExportBatchSize:
        number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", { min: 1, max: maxQueueSize }) ??
        Math.min(DEFAULT_SPANS_PER_EXPORT, maxQueueSize),
      scheduledDelayMillis: number("OTEL_BSP_SCHEDULE_DELAY", time) ?? DEFAULT_EXPORT_INTERVAL_MS,
      exportTimeoutMillis: number("OTEL_BSP_EXPORT_TIMEOUT", time) ?? DEFAULT_EXPORT_TIMEOUT_MS,
    },
  };
  return { settings: errors.length === 0 ? settings : undefined, errors };
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly isWhole?: boolean;
}

/** Reads single variables; what is wrong with them goes into `errors`. An empty one counts as unset. */
function reader(variables: Variables, errors: string[]) {
  const text = (name: string): string | undefined => variables[name]?.trim() || undefined;
  const ofOtlp = (part: string): Variable | undefined => {
    for (const name of [`OTEL_EXPORTER_OTLP_TRACES_${part}`, `OTEL_EXPORTER_OTLP_${part}`]) {
      const value = text(name);
      if (value !== undefined) return { name, value };
    }
    return undefined;
  };
  const choice = <T extends string>(name: string | undefined, choices: readonly T[]): T | undefined => {
    const value = name === undefined ? undefined : text(name);
    if (value === undefined) return undefined;
    const known = choices.find((each) => each === value);
    if (known === undefined) errors.push(`${name}: \`${value}\` is not one of ${choices.join(", ")}`);
    return known;
  };
  const number = (name: string | undefined, { min, max, isWhole = true }: Bounds): number | undefined => {
    const value = name === undefined ? undefined : text(name);
    if (value === undefined) return undefined;
    const read = /^[0-9]+(?:\.[0-9]+)?$/.test(value) ? Number(value) : Number.NaN;
    if (read >= min && read <= max && (!isWhole || Number.isInteger(read))) return read;
    errors.push(`${name}: \`${value}\` is not a ${isWhole ? "whole " : ""}number from ${min} to ${max}`);
    return undefined;
  };
  return { text, ofOtlp, choice, number };
}

const EXAMPLES: Readonly<Record<Protocol, string>> = {
  "http/protobuf": "http://collector:4318",
  grpc: "http://collector:4317",
};

function urlOf(value: string, protocol: Protocol): URL | undefined {
  // A gRPC address may come without a scheme, and then has TLS.
  const text = protocol === "grpc" && !value.includes("://") ? `https://${value}` : value;
  const url = URL.parse(text);
  const schemes = protocol === "grpc" ? ["http:", "https:", "unix:"] : ["http:", "https:"];
  return url !== null && schemes.includes(url.protocol) ? url : undefined;
}

/** `name=value,…`, values percent-encoded. They are credentials, so no error shows one. */
function headerErrors(name: string, list = ""): readonly string[] {
  const pairs = list.split(",").filter((pair) => pair.trim() !== "");
  return pairs.flatMap((pair, index) => {
    const [, value] = /^\s*[A-Za-z0-9!#$%&'*+.^_`|~-]+\s*=(.*)$/.exec(pair) ?? [];
    const decoded = value === undefined ? undefined : percentDecoded(value);
    if (decoded !== undefined && /^[\x20-\x7e]*$/.test(decoded)) return [];
    return [`${name}: entry ${index + 1} is not \`name=value\` with the value percent-encoded`];
  });
}

function resourceOf(list = "", errors: string[]): Record<string, string> {
  const pairs = list.split(",").filter((pair) => pair.trim() !== "");
  const entries = pairs.flatMap((pair) => {
    const [name = "", value, ...rest] = pair.split("=").map((part) => percentDecoded(part.trim()));
    if (name !== "" && value !== undefined && rest.length === 0) return [[name, value] as const];
    errors.push(`OTEL_RESOURCE_ATTRIBUTES: \`${pair}\` is not \`name=value\` with the value percent-encoded`);
    return [];
  });
  return Object.fromEntries(entries);
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Of the files for TLS: each has to be there, and together they have to be usable. */
function fileErrors(files: readonly (Variable | undefined)[]): readonly string[] {
  const errors: string[] = [];
  const [ca, cert, key] = files.map((file) => {
    if (file === undefined) return undefined;
    try {
      return readFileSync(file.value);
    } catch (error) {
      errors.push(`${file.name}: ${unreadable(file.value, error).message}`);
      return undefined;
    }
  });
  if (errors.length > 0) return errors;
  if ((cert === undefined) !== (key === undefined))
    return ["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY need one another"];
  try {
    createSecureContext({ ca, cert, key });
    return [];
  } catch (error) {
    const names = files.flatMap((file) => file?.name ?? []);
    return [`${names.join(", ")}: not usable for TLS: ${(error as Error).message}`];
  }
}

function optional(name: string, value: string | undefined): Readonly<Record<string, string>> {
  return value === undefined ? {} : { [name]: value };
}
