"""A collector: takes OTLP over HTTP and gRPC, decodes it with the official messages, and prints each export as JSON."""

import gzip
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

import grpc
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

printing = Lock()


def say(what):
    with printing:
        print(json.dumps(what), flush=True)


def hexadecimal(span):
    """Ids are bytes, which JSON would have in base64."""
    ids = {"traceId": span.trace_id, "spanId": span.span_id, "parentSpanId": span.parent_span_id}
    return {**MessageToDict(span), **{name: value.hex() for name, value in ids.items()}}


def received(transport, request, headers):
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            say(
                {
                    "transport": transport,
                    "headers": headers,
                    "resource": MessageToDict(resource_spans.resource),
                    "scope": MessageToDict(scope_spans.scope),
                    "spans": [hexadecimal(span) for span in scope_spans.spans],
                }
            )


class Http(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])) if "content-length" in self.headers else self.chunks()
        if self.headers["content-encoding"] == "gzip":
            body = gzip.decompress(body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.path == "/v1/traces":
            received("http", ExportTraceServiceRequest.FromString(body), headers)
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200 if self.path == "/v1/traces" else 404)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def chunks(self):
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_):
        pass


class Grpc(TraceServiceServicer):
    def Export(self, request, context):
        received("grpc", request, dict(context.invocation_metadata()))
        return ExportTraceServiceResponse()


http = ThreadingHTTPServer(("127.0.0.1", 0), Http)
Thread(target=http.serve_forever, daemon=True).start()
server = grpc.server(ThreadPoolExecutor(2))
add_TraceServiceServicer_to_server(Grpc(), server)
grpc_port = server.add_insecure_port("127.0.0.1:0")
server.start()
say({"http": http.server_port, "grpc": grpc_port})
sys.stdin.read()
