"""A small control plane: mints warrants for service accounts of this cluster, within a policy for each.

POST /v1/warrants with a token of the audience `tenuo-control-plane`, and in JSON
{"holder": HEX, "ttl_seconds": 60, "tools": {"read_file": {"path": "reports/may.csv"}}}
"""

import json
import os
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

from tenuo import Exact, Pattern, PublicKey, SigningKey, TenuoError, Warrant

AUDIENCE = "tenuo-control-plane"
ROOT = SigningKey.from_pem(Path(os.environ["ROOT_KEY_FILE"]).read_text())
MAX_BYTES = 16 * 1024


class Refused(Exception):
    def __init__(self, status: int, reason: str):
        super().__init__(reason)
        self.status = status


def account_of(token: str) -> str:
    """Whose token it is, as the Kubernetes API says. A token for another audience was given to somebody else.

    :raises Refused: for what is no token of this cluster, has expired, or is of a pod that is gone
    """
    account = Path(os.environ["KUBERNETES_ACCOUNT"])
    review = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token, "audiences": [AUDIENCE]},
    }
    request = Request(
        f"{os.environ['KUBERNETES_URL']}/apis/authentication.k8s.io/v1/tokenreviews",
        json.dumps(review).encode(),
        {"authorization": f"Bearer {(account / 'token').read_text()}", "content-type": "application/json"},
    )
    trusted = ssl.create_default_context(cafile=account / "ca.crt")
    with urlopen(request, timeout=5, context=trusted) as response:
        status = json.load(response)["status"]
    if not status.get("authenticated") or AUDIENCE not in status.get("audiences", []):
        raise Refused(401, "not a token for this control plane")
    return status["user"]["username"]


def mint(account: str, holder: PublicKey, tools: dict, ttl: int) -> Warrant:
    """:raises Refused: for more than the policy of the account"""
    # Read each time: the ConfigMap may have changed.
    policy = json.loads(Path(os.environ["POLICY_FILE"]).read_text()).get(account)
    if policy is None:
        raise Refused(403, f"no policy for {account}")
    if not 0 < ttl <= policy["max_ttl_seconds"]:
        raise Refused(403, f"at most {policy['max_ttl_seconds']} seconds")
    try:
        # What is wanted is within the policy if it could be delegated from it.
        limit = with_tools(Warrant.mint_builder(), policy["tools"]).holder(ROOT.public_key).ttl(ttl).mint(ROOT)
        with_tools(limit.grant_builder(), tools).holder(holder).ttl(ttl).grant(ROOT)
    except TenuoError as error:
        raise Refused(403, f"beyond the policy of {account}: {error}") from None
    return with_tools(Warrant.mint_builder(), tools).holder(holder).ttl(ttl).mint(ROOT)


def with_tools(builder, tools: dict):
    for tool, arguments in tools.items():
        constraints = {name: Pattern(text) if "*" in text else Exact(text) for name, text in arguments.items()}
        builder = builder.capability(tool, constraints)
    return builder


class Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self):
        self.answer(200 if self.path == "/health" else 404, {})

    def do_POST(self):
        try:
            self.answer(200, self.issue())
        except Refused as refused:
            self.answer(refused.status, {"error": str(refused)})
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, TenuoError):
            self.answer(400, {"error": "holder, ttl_seconds and tools are asked for"})
        except OSError as error:
            print(json.dumps({"event": "kubernetes_unreachable", "error": str(error)}))
            self.answer(503, {"error": "tokens can't be reviewed"})

    def issue(self) -> dict:
        if self.path != "/v1/warrants":
            raise Refused(404, "POST /v1/warrants")
        scheme, _, token = (self.headers["authorization"] or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused(401, "a bearer token is asked for")
        length = int(self.headers["content-length"])
        if not 0 <= length <= MAX_BYTES:
            raise Refused(413, f"at most {MAX_BYTES} bytes")
        # Before anything of a stranger is read.
        account = account_of(token)
        wanted = json.loads(self.rfile.read(length))
        holder = PublicKey.from_bytes(bytes.fromhex(wanted["holder"]))
        warrant = mint(account, holder, wanted["tools"], int(wanted["ttl_seconds"]))
        print(json.dumps({"event": "minted", "account": account, "warrant_id": warrant.id, "tools": wanted["tools"]}))
        return {"warrant": warrant.to_base64()}

    def answer(self, status: int, content: dict):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), Handler)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(os.environ["TLS_CERT_FILE"], os.environ["TLS_KEY_FILE"])
# By the thread of the connection: else one client that says nothing holds up all others.
server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
