import * as z from "zod";
import { ARGUMENT_TYPES } from "./argument-type.ts";
import {
  DEFAULT_APPROVALS,
  DEFAULT_BODY_BYTES,
  DEFAULT_CHAIN_LENGTH,
  MAX_APPROVALS,
  MAX_BODY_BYTES,
  MAX_CHAIN_LENGTH,
  MAX_CLEARANCE,
} from "./limits.ts";

// The shape of gateway.yaml: one description for the check at load, for the types and for the JSON Schema that
// editors complete from. What shape alone can't tell (patterns, conflicts, key material) is checked afterwards.

export const MODES = ["enforce", "audit", "permissive"] as const;
export type Mode = (typeof MODES)[number];

/** What `settings.log.redact` may name: fields of the log that tell of a person or of an argument. */
export const REDACTABLE = [
  "actual",
  "agent_id",
  "client",
  "detail",
  "expected",
  "external_id",
  "holder",
  "host",
  "path",
  "request_hash",
  "session_id",
] as const;
export type Redactable = (typeof REDACTABLE)[number];

const SOURCES = ["path", "query", "header", "body", "literal"] as const;

/** The keys whose plain scalars are numbers or booleans. */
export const TYPED_KEYS: ReadonlySet<string> = new Set([
  "clearance",
  "clock_tolerance_secs",
  "max_body_bytes",
  "max_chain_length",
  "max_approvals",
  "max_age_secs",
  "sample_allow",
  "debug_mode",
  "strip_credentials",
  "allow_path_parameters",
  "required",
  "allow_upgrade",
]);

/** Any scalar whose key isn't typed: it arrives as its text. */
const text = z.string().meta({ type: ["string", "number", "boolean"] });
const texts = z.array(text).nullish();
const flag = z.boolean().default(false);
const mode = z.enum(MODES).optional();

const rule = z.strictObject({
  from: z.enum(SOURCES).describe("Where the argument is read"),
  path: text
    .optional()
    .describe(
      "Parameter of the pattern, query key, header name, or dotted path into the body; required but for `literal`",
    ),
  description: text.nullish().describe("For people; no effect"),
  required: flag.describe(
    "Refuse the request (400 `extraction_failed`) when the value is missing, whatever the default",
  ),
  default: z.unknown().optional().describe("Used when the value is missing; with `from: literal`, the value"),
  type: text.nullish().meta({
    description: "Kind of the value; version 2 converts and checks, version 1 ignores it",
    examples: [...ARGUMENT_TYPES],
  }),
  allowed_values: texts.describe(
    "The only values to accept, else 400 `extraction_failed`; version 2 checks, version 1 ignores it",
  ),
});

const rules = z.record(z.string(), rule).nullish();

export const tool = z
  .strictObject({
    description: text.nullish().describe("For people; no effect"),
    constraints: rules.describe("Argument name to the rule that reads it"),
    extract: z
      .record(z.string(), z.union([text, rule]))
      .nullish()
      .describe(
        "Like `constraints`; a text is a short form: `$.path` is the request path, `$.method` the method, `$.a.b` the member `a.b` of the body",
      ),
    clearance: z
      .int()
      .min(0)
      .max(MAX_CLEARANCE)
      .default(0)
      .describe(
        "Least clearance of a warrant for this tool, else 403 `insufficient_clearance`; a warrant without one has 0",
      ),
  })
  .describe("How the arguments of a tool are read");

const revocation = z.strictObject({
  file: text
    .optional()
    .describe(
      "File with a signed revocation list, as bytes or base64; relative to the folder of gateway.yaml. `--revocation-list` replaces it",
    ),
  signers: z
    .array(text)
    .optional()
    .describe(
      "Ed25519 public keys that may sign the list, 64 hex digits each; when unset, every trusted root",
    ),
  max_age_secs: z
    .int()
    .min(1)
    .optional()
    .describe("How long after it was signed a list is good, in seconds; any age when unset"),
  required: z
    .boolean()
    .default(true)
    .describe(
      "Without a list the service doesn't start, and with one older than `max_age_secs` it isn't ready and refuses every request (503 `revocation_unavailable`); false goes on judging by a list that is too old. A list that can't be used stops the start in any case",
    ),
});

const log = z.strictObject({
  redact: z
    .array(z.enum(REDACTABLE))
    .default([])
    .describe("Fields whose value the log shows as `[redacted]`, whatever else would tell it too"),
  sample_allow: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe("Part of the allows to log, 0.01 for one in a hundred; denials always"),
});

export const settings = z.strictObject({
  warrant_header: text
    .default("X-Tenuo-Warrant")
    .describe("Name of the header with the warrant or the stack of warrants"),
  pop_header: text.default("X-Tenuo-PoP").describe("Name of the header with the proof of possession"),
  approval_header: text.default("X-Tenuo-Approvals").describe("Name of the header with signed approvals"),
  clock_tolerance_secs: z
    .int()
    .min(0)
    .optional()
    .describe(
      "How far an issue or approval time may lie in the future, in seconds; 30 when unset. `--clock-tolerance` replaces it",
    ),
  trusted_roots: texts.describe(
    "Ed25519 public keys of root issuers, 64 hex digits each; united with those of flags and variables",
  ),
  trusted_issuers: texts.describe("Alias of `trusted_roots`; both count"),
  debug_mode: flag.describe(
    "Clients see the detail of a refusal. Not for production: it tells them what you configured and what they sent",
  ),
  mode: mode.describe(
    "`enforce` denies; `audit` allows and logs what would have been denied; `permissive` also adds a warning header. `enforce` when unset; `--mode` replaces it",
  ),
  strip_credentials: flag.describe(
    "Remove warrant, proof and approvals before the request goes upstream; not where it verifies them too",
  ),
  max_body_bytes: z
    .int()
    .min(1)
    .max(MAX_BODY_BYTES)
    .default(DEFAULT_BODY_BYTES)
    .describe(
      "Largest request body to judge, in bytes; larger ones are refused (413). Envoy's `max_request_bytes` should not be larger",
    ),
  max_chain_length: z
    .int()
    .min(1)
    .max(MAX_CHAIN_LENGTH)
    .default(DEFAULT_CHAIN_LENGTH)
    .describe("Longest stack of warrants to verify; a longer one is `invalid_warrant`"),
  max_approvals: z
    .int()
    .min(1)
    .max(MAX_APPROVALS)
    .default(DEFAULT_APPROVALS)
    .describe("Most approvals to judge for one call; one that needs more can't be approved"),
  allow_path_parameters: flag.describe(
    "Let `;` stand in a path. Only where the upstream reads it as any other character: one that cuts off what follows acts on another path than the one judged",
  ),
  body_media_types: texts.describe(
    "Media types read as JSON besides `application/json` and `…+json`; `none` stands for a body without `content-type`",
  ),
  revocation: revocation.optional().describe("Which warrants are revoked"),
  log: log.optional().describe("What the log tells of decisions"),
});

export const route = z.strictObject({
  pattern: text
    .optional()
    .describe(
      "Which paths: `/a/{name}` matches one segment, `/a/{*rest}` all that follows; required without `path_prefix`",
    ),
  path_prefix: text
    .optional()
    .describe(
      "In place of `pattern`: this path and every path that starts with it; `rest` is the parameter with what follows",
    ),
  host: text
    .optional()
    .describe("Host to match, in any case and without port; a route with a host beats one without"),
  method: z
    .union([z.array(text), text])
    .nullish()
    .describe("Methods to match, every method when unset; `GET` does not imply `HEAD`"),
  tool: text.describe("Name of a tool under `tools`"),
  constraints: rules.describe(
    "Rules beside those of the tool; one of the same name replaces the tool's rule as a whole",
  ),
  extra_constraints: rules.describe("Alias of `constraints`"),
  mode: mode.describe("Overrides `settings.mode` for this route alone; `--mode` doesn't change it"),
  allow_upgrade: flag.describe(
    "Let requests with an `upgrade` header (WebSocket) pass; what travels after the upgrade isn't judged",
  ),
});

const file = z
  .strictObject({
    version: text.meta({
      description: "`2` as described here, `1` or `1.x` as the reference authorizer reads the file",
      examples: ["2", "1"],
    }),
    settings: settings.nullable().describe("What holds for all routes; may be empty"),
    tools: z
      .record(z.string(), tool.nullable())
      .nullable()
      .describe("Tool name to how its arguments are read; may be empty. Names under `tenuo:` are reserved"),
    routes: z.array(route).nullable().describe("Which requests are calls of which tool; may be empty"),
  })
  .meta({ title: "gateway.yaml of tenuo-ext-authz" });

/** The file with its parts left open: each part is checked on its own, so that one fault hides no other. */
export const outline = z.strictObject({
  version: text.optional(),
  settings: z.unknown().optional(),
  tools: z.record(z.string(), z.unknown()).nullish(),
  routes: z.array(z.unknown()).nullish(),
});

export type Outline = z.infer<typeof outline>;
export type SettingsEntry = z.infer<typeof settings>;
export type LogEntry = z.infer<typeof log>;
export type RevocationEntry = z.infer<typeof revocation>;
export type ToolEntry = z.infer<typeof tool>;
export type RouteEntry = z.infer<typeof route>;
export type RuleEntry = z.infer<typeof rule>;

/** A part of the file, and what is wrong with one. */
export type Schema<Part> = z.ZodType<Part>;
export type Issue = z.core.$ZodIssue;

/** The keys of each kind of map whose keys are ours. */
export const KEYS = {
  file: Object.keys(file.shape),
  settings: Object.keys(settings.shape),
  revocation: Object.keys(revocation.shape),
  log: Object.keys(log.shape),
  tool: Object.keys(tool.shape),
  rule: Object.keys(rule.shape),
  route: Object.keys(route.shape),
} as const;
export type Level = keyof typeof KEYS;

export const DEFAULT_SETTINGS: SettingsEntry = settings.parse({});

/** The JSON Schema of gateway.yaml (draft 2020-12). */
export function gatewayJsonSchema(): object {
  return z.toJSONSchema(file, { io: "input" });
}
