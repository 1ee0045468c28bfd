"""An agent that serves tasks: POST /tasks {"path": …}, with the authority of the task in X-Tenuo-Warrant.

The warrant has to be for this agent's key. With TENUO_WARRANT_BASE64 set, that one counts for tasks without any.
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gateway import Denied, read_file
from warrants import Holder, key_from_environment, warrant_from_environment

KEY = key_from_environment()
DEFAULT_WARRANT = warrant_from_environment()
MAX_BYTES = 64 * 1024


def holder_of(header: str | None) -> Holder:
    """:raises Denied: where there is no warrant, or none that can be read"""
    warrant = header or DEFAULT_WARRANT
    if warrant is None:
        raise Denied(401, "missing_warrant")
    try:
        return Holder.of(warrant, KEY)
    except Exception:
        raise Denied(401, "invalid_warrant") from None


class Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self):
        self.answer(200 if self.path == "/health" else 404, {})

    def do_POST(self):
        if self.path != "/tasks":
            return self.answer(404, {})
        try:
            length = int(self.headers["content-length"])
            # A negative one would be read until the client ends, whatever it sends.
            if not 0 <= length <= MAX_BYTES:
                return self.answer(413, {"reason": f"at most {MAX_BYTES} bytes"})
            path = json.loads(self.rfile.read(length))["path"]
        except (ValueError, LookupError, TypeError, RecursionError):
            return self.answer(400, {"reason": "a body as {\"path\": …} is asked for"})
        try:
            # Nothing but the authority of this task is in reach while it is done.
            holder = holder_of(self.headers["x-tenuo-warrant"])
            self.answer(200, {"result": read_file(holder, str(path))})
        except Denied as denied:
            self.answer(denied.status, {"reason": denied.reason})

    def answer(self, status: int, content: dict):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), Handler).serve_forever()
