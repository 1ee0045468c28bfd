import {
  type ClientReadableStream,
  credentials,
  makeClientConstructor,
  type ServiceError,
} from "@grpc/grpc-js";
import { service } from "grpc-health-check";

interface Status {
  readonly status: string;
}

/** The standard client of grpc.health.v1. */
export interface HealthClient {
  /** @throws {ServiceError} */
  readonly check: (name: string) => Promise<string>;
  readonly list: () => Promise<Readonly<Record<string, string>>>;
  /** Every status it is told, with the time in milliseconds of `performance.now()`; it grows. */
  readonly watch: (name: string) => readonly { readonly status: string; readonly at: number }[];
  readonly close: () => void;
}

const Health = makeClientConstructor(service, "grpc.health.v1.Health");

export function connectHealth(port: number): HealthClient {
  const client = new Health(`127.0.0.1:${port}`, credentials.createInsecure()) as unknown as {
    readonly [method in "check" | "list"]: (
      question: object,
      options: object,
      done: (error: ServiceError | null, answer: unknown) => void,
    ) => void;
  } & { readonly watch: (question: object) => ClientReadableStream<Status>; readonly close: () => void };
  const ask = <Answer>(method: "check" | "list", question: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      client[method](question, { deadline: Date.now() + 5_000 }, (error, answer) =>
        error === null ? resolve(answer as Answer) : reject(error),
      );
    });
  return {
    check: async (name) => (await ask<Status>("check", { service: name })).status,
    list: async () => {
      const { statuses } = await ask<{ readonly statuses: Readonly<Record<string, Status>> }>("list", {});
      return Object.fromEntries(Object.entries(statuses).map(([name, { status }]) => [name, status]));
    },
    watch: (name) => {
      const seen: { readonly status: string; readonly at: number }[] = [];
      client
        .watch({ service: name })
        .on("data", ({ status }: Status) => seen.push({ status, at: performance.now() }))
        .on("error", () => {});
      return seen;
    },
    close: () => client.close(),
  };
}
