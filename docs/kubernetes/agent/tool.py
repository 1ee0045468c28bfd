"""Stands for the API behind the gateway: GET /files/PATH answers with what the gateway said of the caller."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self):
        told = {name: value for name, value in self.headers.items() if name.startswith("x-tenuo-")}
        body = f"{self.path} {told}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), Handler).serve_forever()
