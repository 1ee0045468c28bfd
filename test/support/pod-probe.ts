import assert from "node:assert/strict";
import { request } from "node:https";
import { connect } from "node:net";
import type { Container, Probe } from "./pod-spec.ts";
import type { Program } from "./program.ts";
import { waitFor } from "./wait.ts";

const HOST = "127.0.0.1";

/**
 * Until the probe succeeds.
 *
 * @param port where a port of the pod is, on loopback
 * @throws {Error} with the output of a program that ends, or that doesn't answer in time.
 */
export async function untilItAnswers(
  { name, ports = [] }: Container,
  { httpGet, tcpSocket }: Probe,
  program: Program,
  port: (containerPort: number) => number,
): Promise<void> {
  const wanted = httpGet?.port ?? tcpSocket?.port ?? assert.fail(`a probe of ${name} that isn't known`);
  const declared = ports.find((each) => each.name === wanted || each.containerPort === wanted);
  const place = port(declared?.containerPort ?? assert.fail(`${name} has no port ${wanted}`));
  try {
    await waitFor(
      `a probe of ${name}`,
      async () => {
        if (program.ended()) return "ended";
        const isGood = httpGet
          ? await gets(`${(httpGet.scheme ?? "HTTP").toLowerCase()}://${HOST}:${place}${httpGet.path}`)
          : await opens(place);
        return isGood ? "answers" : undefined;
      },
      30,
    );
  } catch (error) {
    throw new Error(`${(error as Error).message}: ${program.output()}`, { cause: error });
  }
  if (program.ended()) throw new Error(`${name} ended: ${program.output()}`);
}

/** As the kubelet, which looks at no certificate. */
function gets(url: string): Promise<boolean> {
  if (url.startsWith("http:")) return fetch(url).then(({ ok }) => ok);
  return new Promise((resolve, reject) => {
    request(url, { rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on("error", reject)
      .end();
  });
}

function opens(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, HOST, () => {
      socket.destroy();
      resolve(true);
    }).on("error", reject);
  });
}
