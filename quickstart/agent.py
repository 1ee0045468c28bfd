"""An agent that calls an API through the gateway. Yours to copy: Holder is all that a client needs.

agent.py keygen                     makes the agent's key, hands over the public half
agent.py calls                      calls, delegates and misbehaves; fails unless every verdict is as it should be
agent.py headers TOOL NAME=VALUE…   prints the headers of one call, for curl -H @-; they are good for a minute or so
"""

import base64
import http.client
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tenuo import Pattern, PublicKey, SigningKey, Warrant, encode_warrant_stack
from tenuo.exceptions import MonotonicityError

from files import kept_key, replace

KEY = Path("/keys/agent.pem")
PUBLIC_KEY = Path("/handover/agent.pub")
WARRANT = Path("/handover/agent.warrant")
GATEWAY = ("envoy", 8080)

MINUTE = 60


@dataclass(frozen=True)
class Holder:
    """A key, and the chain of warrants that leads from the root's to the one this key holds."""

    key: SigningKey
    chain: list[Warrant]

    def headers(self, tool: str, arguments: dict) -> dict[str, str]:
        """The chain, and the proof that this very call is the holder's; made anew for each.

        Unlike `Warrant.headers` of the SDK it sends the whole chain, and signs what the warrant doesn't allow: it is
        the gateway that refuses.
        """
        proof = self.chain[-1].sign(self.key, tool, arguments, int(time.time()))
        return {
            "X-Tenuo-Warrant": encode_warrant_stack(self.chain),
            "X-Tenuo-PoP": base64.b64encode(proof).decode(),
        }

    def delegate(self, holder: PublicKey, tool: str, constraints: dict) -> list[Warrant]:
        """The chain for another holder, whose warrant allows less than this one's."""
        builder = self.chain[-1].grant_builder().capability(tool, constraints)
        return [*self.chain, builder.holder(holder).ttl(5 * MINUTE).grant(self.key)]


def agent() -> Holder:
    if not WARRANT.exists():
        sys.exit("the agent has no warrant yet; the issuer gives it one: docker compose up --detach")
    return Holder(kept_key(KEY), [Warrant.from_base64(WARRANT.read_text())])


def call(method: str, path: str, headers: dict, body: dict | None = None) -> tuple[str, dict]:
    """The verdict, and the JSON of the answer."""
    connection = http.client.HTTPConnection(*GATEWAY, timeout=10)
    content = None if body is None else json.dumps(body)
    try:
        connection.request(method, path, content, {**headers, "content-type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    reason = response.getheader("x-tenuo-deny-reason")
    if reason is None and response.status != 200:
        return f"{response.status} {answer.decode(errors='replace')}", {}
    return f"{response.status} {reason or 'allowed'}", json.loads(answer)


def read(holder: Holder | None, file: str) -> tuple[str, str]:
    """What was asked, and the verdict."""
    path = f"/files/{file}"
    verdict, answer = call("GET", path, holder.headers("read_file", {"file": file}) if holder else {})
    return f"GET {path}", checked(verdict, answer, "read_file")


def scale(holder: Holder, service: str, replicas: int) -> tuple[str, str]:
    path, arguments = f"/services/{service}/scale", {"service": service, "replicas": replicas}
    headers = holder.headers("scale_service", arguments)
    verdict, answer = call("PUT", path, headers, {"replicas": replicas})
    return f"PUT {path} to {replicas}", checked(verdict, answer, "scale_service")


def checked(verdict: str, answer: dict, tool: str) -> str:
    """The verdict, unless the upstream saw what it should not."""
    if verdict != "200 allowed":
        return verdict
    received = answer["headers"]
    if "x-tenuo-warrant" in received or "x-tenuo-pop" in received:
        return "200, and the upstream has the credentials"
    if received.get("x-tenuo-tool") != tool:
        return f"200, but not as {tool}"
    return verdict


def calls() -> bool:
    """Whether each verdict was as expected. Prints them all."""
    me = agent()
    worker_key, thief_key = SigningKey.generate(), SigningKey.generate()
    reports = {"file": Pattern("data/reports/*")}
    worker = Holder(worker_key, me.delegate(worker_key.public_key, "read_file", reports))
    # A warrant that the worker signs for itself, as if it were a root: alone, and below the real ones.
    own = Warrant.mint_builder().capability("read_file", {}).holder(worker_key.public_key).ttl(MINUTE).mint(worker_key)

    wait_for_gateway()
    may, pay = "data/reports/may.csv", "data/salaries.csv"
    verdicts = [
        told("nobody, without a warrant", "401 missing_warrant", read(None, may)),
        told("the agent", "200 allowed", read(me, pay)),
        told("the agent", "200 allowed", scale(me, "web-1", 3)),
        told("the agent, too many", "403 constraint_violation", scale(me, "web-1", 50)),
        told("the agent, elsewhere", "403 constraint_violation", read(me, "etc/passwd")),
        told("its worker", "200 allowed", read(worker, may)),
        told("its worker, elsewhere", "403 constraint_violation", read(worker, pay)),
        told("its worker, another tool", "403 tool_not_in_warrant", scale(worker, "web-1", 3)),
        told("a thief of the worker's warrant", "401 invalid_pop", read(Holder(thief_key, worker.chain), may)),
        told("the worker, its own root", "401 untrusted_root", read(Holder(worker_key, [own]), pay)),
        told("the worker, its own link", "401 chain_invalid", read(Holder(worker_key, [*worker.chain, own]), pay)),
        told("the worker, delegating more", "refused by the SDK", ("read_file data/*", delegate_more(worker))),
    ]
    return all(verdicts)


def told(who: str, expected: str, outcome: tuple[str, str]) -> bool:
    request, verdict = outcome
    surprise = "" if verdict == expected else f"   EXPECTED {expected}"
    print(f"{who:33}{request:33}{verdict}{surprise}")
    return not surprise


def delegate_more(worker: Holder) -> str:
    try:
        worker.delegate(SigningKey.generate().public_key, "read_file", {"file": Pattern("data/*")})
        return "made"
    except MonotonicityError:
        return "refused by the SDK"


def wait_for_gateway() -> None:
    """Until it judges: Envoy has just been started."""
    deadline = time.monotonic() + MINUTE
    while True:
        try:
            verdict, _ = call("GET", "/", {})
        except OSError as error:
            verdict = f"503 {error}"
        if not verdict.startswith("503"):
            return
        if time.monotonic() > deadline:
            sys.exit(f"the gateway doesn't judge: {verdict}")
        time.sleep(0.1)


def argument(text: str) -> tuple[str, str | int]:
    """NAME=VALUE; digits are an integer, as the rule's `type: integer` has it."""
    name, equals, value = text.partition("=")
    if not equals:
        sys.exit(__doc__)
    return name, int(value) if value.isdecimal() else value


match sys.argv[1:]:
    case ["keygen"]:
        replace(PUBLIC_KEY, kept_key(KEY).public_key.to_pem().encode())
    case ["calls"]:
        sys.exit(0 if calls() else 1)
    case ["headers", tool, *arguments]:
        for name, value in agent().headers(tool, dict(map(argument, arguments))).items():
            print(f"{name}: {value}")
    case _:
        sys.exit(__doc__)
