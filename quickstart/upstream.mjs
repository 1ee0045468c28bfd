// The API behind the gateway. It answers with what reached it: of the headers, those of Tenuo.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

const server = createServer(async (request, response) => {
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => name.startsWith("x-tenuo-")),
  );
  const received = { method: request.method, path: request.url, headers, body: await text(request) };
  response.setHeader("content-type", "application/json").end(`${JSON.stringify(received, null, 2)}\n`);
});

server.listen(8080);
process.once("SIGTERM", () => process.exit());
