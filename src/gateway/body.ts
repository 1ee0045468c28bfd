import type { Steps } from "../steps.ts";
import type { Gateway } from "./gateway.ts";
import { trimBlanks } from "./header.ts";
import { type JsonDocument, readJson } from "./json.ts";
import { type GatewayRefusal, refuse } from "./refusal.ts";
import type { HttpRequest } from "./request.ts";

/** Methods whose request has no body unless a header says so. */
const BODILESS = new Set(["GET", "HEAD", "DELETE", "OPTIONS"]);

/** What a JSON text may be encoded in: UTF-8, or a part of it. */
const CHARSETS = new Set(["utf-8", "utf8", "us-ascii"]);

/**
 * Reads the body as JSON: the very bytes the upstream will act on, all of them, and in the only way it could
 * read them.
 *
 * @returns undefined when there can be no body.
 */
export function* readBody(
  gateway: Gateway,
  request: HttpRequest,
): Steps<JsonDocument | undefined | GatewayRefusal> {
  const fault = completenessFault(request);
  if (fault !== undefined) return refuse("body_unreadable", fault);
  if (request.body.bytes.length === 0) {
    if (canHaveNoBody(request)) return undefined;
    return refuse(
      "body_unreadable",
      "the proxy sent no body, although there may be one (`with_request_body`)",
    );
  }
  const unlike = encodingFault(request) ?? mediaTypeFault(request, gateway.settings.bodyMediaTypes);
  if (unlike !== undefined) return refuse("body_unreadable", unlike);
  const result = yield* readJson(request.body.bytes);
  return result.ok
    ? result.document
    : refuse("body_unreadable", `the body is not read as JSON: ${result.fault}`);
}

function completenessFault({ headers, body }: HttpRequest): string | undefined {
  const partial = headers.lines.get("x-envoy-auth-partial-body");
  if (partial?.some((value) => trimBlanks(value).toLowerCase() !== "false")) {
    return "the proxy sent the start of the body only (`allow_partial_message`)";
  }
  const announced = headers.lines.get("content-length");
  if (announced === undefined) return undefined;
  const length = trimBlanks(announced[0] ?? "");
  if (announced.length > 1 || !/^[0-9]{1,15}$/.test(length)) return "`content-length` is not one number";
  const sent = body.bytes.length;
  if (Number(length) === sent) return undefined;
  return `\`content-length\` is ${length}, but the proxy sent ${sent} bytes (\`with_request_body\`)`;
}

/**
 * A length of 0 was compared with the bytes before; without a length, what tells is method and framing. From HTTP/2 on
 * no header has to announce a body, so a media type is taken for a sign of one.
 */
function canHaveNoBody({ method, protocol, headers }: HttpRequest): boolean {
  if (headers.lines.has("transfer-encoding")) return false;
  if (headers.lines.has("content-length")) return true;
  if (!BODILESS.has(method)) return false;
  return protocol.startsWith("HTTP/1.") || !headers.lines.has("content-type");
}

function encodingFault({ headers }: HttpRequest): string | undefined {
  for (const value of headers.lines.get("content-encoding") ?? []) {
    const coding = trimBlanks(value).toLowerCase();
    if (coding !== "identity" && coding !== "") return `the body is encoded as \`${coding}\``;
  }
  return undefined;
}

function mediaTypeFault({ headers }: HttpRequest, accepted: ReadonlySet<string>): string | undefined {
  const values = headers.lines.get("content-type");
  if (values === undefined) {
    return accepted.has("none") ? undefined : "the body has no `content-type` (`settings.body_media_types`)";
  }
  const [text = ""] = values;
  if (values.length > 1 || text.includes(",")) return "more than one `content-type`";
  const [first = "", ...parameters] = text.split(";");
  const type = trimBlanks(first).toLowerCase();
  if (type !== "application/json" && !type.endsWith("+json") && !accepted.has(type)) {
    return `the body is \`${type}\`, not JSON (\`settings.body_media_types\`)`;
  }
  for (const parameter of parameters) {
    const [name = "", value = ""] = parameter.split("=", 2).map((part) => trimBlanks(part).toLowerCase());
    if (name === "charset" && !CHARSETS.has(value.replaceAll('"', ""))) return `the body is in \`${value}\``;
  }
  return undefined;
}
