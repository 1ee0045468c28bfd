import type { BypassClass } from "./attempt.ts";

/** Tests of a class that aren't requests of a client: of how the service answers, and of Envoy's configuration. */
export interface Elsewhere {
  readonly class: BypassClass;
  readonly file: string;
  /** Name of the test. */
  readonly test: string;
}

const entry = (number: BypassClass, file: string, test: string): Elsewhere => ({ class: number, file, test });

export const ELSEWHERE: readonly Elsewhere[] = [
  entry(1, "test/e2e/percent.test.ts", "every byte in every spelling"),
  entry(2, "test/e2e/percent.test.ts", "every byte in every spelling"),
  entry(7, "test/e2e/percent.test.ts", "every byte in every spelling"),
  entry(9, "test/grpc/check.test.ts", "no bytes turn into a gRPC error, an empty answer or an allow"),
  entry(19, "test/grpc/server.test.ts", "a page that a proxy forwarded is refused on the port of the checks"),
  entry(
    20,
    "test/house/envoy.test.ts",
    "no route switches the check off but those it is about, and none is chosen anew",
  ),
  entry(21, "test/house/envoy.test.ts", "every request has a route, and none upgrades"),
  entry(22, "test/grpc/server.test.ts", "nothing but a whole allow or a whole denial is ever sent"),
  entry(22, "test/grpc/bypass.test.ts", "whatever is sent for a CheckRequest, the answer is whole"),
  entry(23, "test/grpc/overload.test.ts", "checks whose deadline has passed aren't judged"),
  entry(23, "test/e2e/outage.test.ts", "while the service doesn't answer nothing passes"),
  entry(24, "test/conformance/holes.test.ts", "const HOLES"),
  entry(26, "test/grpc/bypass.test.ts", "what a proxy tells of peers and certificates is no warrant"),
  entry(27, "test/grpc/check.test.ts", "only debug mode tells a client the detail"),
];

/** Classes that need a feature that isn't there, and what is refused in its stead. */
export const NOT_YET: Readonly<Partial<Record<BypassClass, string>>> = {
  15: "arguments from bodies of gRPC: such a body is refused where a rule reads one",
  18: "the HTTP check API: forwarded targets are never read",
  24: "a cache of verdicts or signatures: each check is judged anew",
  26: "TLS on the port of the checks: no certificate is looked at",
};
