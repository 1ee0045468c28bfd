/**
 * HTTP/1.1 of Node. An `import` of "node:http" reads all it exports, and so loads a WebSocket client: 13 MiB, and 35 ms of
 * every start.
 */
export const { createServer, get, request } = process.getBuiltinModule("node:http");
