import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SigningKey } from "../../src/crypto/ed25519.ts";
import { connectAuthorization } from "../../src/server/grpc/client.ts";
import { verdictIn } from "./check-request.ts";
import { ownIssuer } from "./own.ts";
import { type Call, newKey, unixNow } from "./warrants.ts";

/** A gateway.yaml of one tool at one route, `GET /t`. @param settings more of them, each after a comma */
export function oneTool(root: SigningKey, settings = ""): string {
  return `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"]${settings}}
tools: {t: {}}
routes: [{pattern: /t, method: GET, tool: t}]
`;
}

/** A request and what may be answered to it. */
export interface Question {
  readonly name: string;
  readonly target: string;
  /** Made anew for each request. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /** `allow` or reasons; anything else is a wrong verdict. */
  readonly expected: readonly string[];
}

/** Whoever answers: the service itself, or Envoy in front of it. */
export interface Answerer {
  /** `allow`, or the reason of the denial. @throws where there is no verdict */
  readonly ask: (target: string, headers: Readonly<Record<string, string>>) => Promise<string>;
  readonly close: () => void;
}

export interface Figures {
  readonly asked: number;
  readonly wrong: readonly string[];
  /** Broken calls, without a verdict. */
  readonly errors: number;
  /** Denied for that reason, and not judged; a machine with other things to do makes some. */
  readonly overloaded: number;
  readonly perSecond: number;
  readonly longestMs: number;
}

export interface Asking {
  readonly figures: () => Figures;
  /** Ends it, and waits for what is under way. */
  readonly stop: () => Promise<Figures>;
}

/** Asks all questions in turn, over and over, so many at a time; at the latest it ends with the test. */
export function keepAsking(
  t: TestContext,
  answerer: Answerer,
  questions: readonly Question[],
  atATime = 4,
): Asking {
  const started = performance.now();
  let isStopped = false;
  let asked = 0;
  let errors = 0;
  let overloaded = 0;
  let longestMs = 0;
  const wrong: string[] = [];
  const work = async (): Promise<void> => {
    while (!isStopped) {
      const question = questions[asked++ % questions.length];
      if (question === undefined) return;
      const headers = await question.headers();
      const sent = performance.now();
      try {
        const verdict = await answerer.ask(question.target, headers);
        if (verdict === "overloaded") overloaded++;
        else if (!question.expected.includes(verdict)) wrong.push(`${question.name}: ${verdict}`);
      } catch {
        errors++;
        // As a client would, instead of spinning.
        await sleep(5);
      }
      longestMs = Math.max(longestMs, performance.now() - sent);
    }
  };
  const workers = Array.from({ length: atATime }, work);
  const figures = (): Figures => {
    const perSecond = Math.round((asked * 1000) / (performance.now() - started));
    return { asked, wrong, errors, overloaded, perSecond, longestMs: Math.round(longestMs) };
  };
  t.after(() => {
    isStopped = true;
    answerer.close();
  });
  return {
    figures,
    stop: async () => {
      isStopped = true;
      await Promise.all(workers);
      answerer.close();
      return figures();
    },
  };
}

/** For a test's diagnostics. */
export function told({ asked, wrong, errors, overloaded, perSecond, longestMs }: Figures): string {
  return `${asked} requests, ${perSecond}/s, longest ${longestMs} ms, ${overloaded} overloaded, ${errors} errors, ${wrong.length} wrong verdicts`;
}

/** The service on this port of loopback, over gRPC. @param ca for TLS, in PEM */
export function overGrpc(port: number, ca?: Buffer): Answerer {
  const authorizer = connectAuthorization(`127.0.0.1:${port}`, ca);
  return {
    ask: async (path, headers) => {
      const http = { method: "GET", path, host: "api", headers };
      return verdictIn(await authorizer.check({ attributes: { request: { http } } }));
    },
    close: authorizer.close,
  };
}

/** A proof is good for a minute and more; one of our own is made anew this often. */
const PROOF_SECONDS = 10;

/** The headers of a call, with a proof that is never old. */
export function callHeaders(
  warrant: string,
  holder: SigningKey,
  call: Call,
): () => Promise<Readonly<Record<string, string>>> {
  let proof: Promise<string> | undefined;
  let provenAt = 0;
  return async () => {
    const now = unixNow();
    if (proof === undefined || Math.abs(now - provenAt) >= PROOF_SECONDS) {
      provenAt = now;
      proof = ownIssuer.proof(warrant, holder, call);
    }
    return { "x-tenuo-warrant": warrant, "x-tenuo-pop": await proof };
  };
}

/** Of `GET /v1/files/{name}`, the tool `read_file`: a call that is allowed, and three that are denied, each for another reason. */
export async function fileQuestions(root: SigningKey): Promise<readonly [Question, ...Question[]]> {
  const agent = newKey();
  const call = { tool: "read_file", args: { name: "a" } };
  const mint = (key: SigningKey) =>
    ownIssuer.mint(key, { holder: agent, tools: { read_file: {} }, ttl: 3600 });
  const [good, strange] = await Promise.all([mint(root), mint(newKey())]);
  const allowed: Question = {
    name: "good",
    target: "/v1/files/a",
    headers: callHeaders(good, agent, call),
    expected: ["allow"],
  };
  return [
    allowed,
    { ...allowed, name: "another file", target: "/v1/files/b", expected: ["invalid_pop"] },
    { ...allowed, name: "strange", headers: callHeaders(strange, agent, call), expected: ["untrusted_root"] },
    { ...allowed, name: "nothing", headers: async () => ({}), expected: ["missing_warrant"] },
  ];
}
