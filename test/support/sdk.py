"""Mints, delegates and signs with the published Python SDK: a JSON request a line in, a JSON answer a line out."""

import base64
import json
import os
import sys
import time
import warnings

warnings.simplefilter("ignore")

from tenuo import ApprovalPayload, SignedApproval  # noqa: E402
from tenuo import Authorizer, Exact, OneOf, Pattern, PublicKey, Range, SigningKey, Warrant, Wildcard  # noqa: E402
from tenuo import SignedRevocationList, decode_warrant_stack_base64, encode_warrant_stack  # noqa: E402

CONSTRAINTS = {
    "exact": Exact,
    "oneOf": OneOf,
    "pattern": Pattern,
    "range": lambda bounds: Range(*bounds),
    "wildcard": lambda _: Wildcard(),
}


def signing_key(seed):
    return SigningKey.from_bytes(bytes.fromhex(seed))


def granted(builder, request):
    for tool, arguments in request["tools"].items():
        constraints = {}
        for name, constraint in arguments.items():
            ((kind, value),) = constraint.items()
            constraints[name] = CONSTRAINTS[kind](value)
        builder = builder.capability(tool, constraints)
    holder = PublicKey.from_bytes(bytes.fromhex(request["holder"]))
    if "approval" in request:
        approval = request["approval"]
        builder = builder.approval_gates({approval["tool"]: {"args": None, "message": approval["message"]}})
        keys = [PublicKey.from_bytes(bytes.fromhex(key)) for key in approval["approvers"]]
        builder = builder.required_approvers(keys).min_approvals(approval["min"])
    return builder.holder(holder).ttl(request["ttl"])


def warrants(text):
    padded = base64.b64encode(base64.urlsafe_b64decode(text + "==")).decode()
    try:
        return decode_warrant_stack_base64(padded)
    except Exception:
        return [Warrant.from_base64(text)]


def mint(request):
    return granted(Warrant.mint_builder(), request).mint(signing_key(request["seed"])).to_base64()


def delegate(request):
    parents = warrants(request["parent"])
    child = granted(parents[-1].grant_builder(), request).grant(signing_key(request["seed"]))
    return encode_warrant_stack([*parents, child])


def leaf(request):
    return warrants(request["warrant"])[-1].to_base64()


def identifier(request):
    return warrants(request["warrant"])[-1].id


def proof(request):
    warrant = warrants(request["warrant"])[-1]
    signature = warrant.sign(signing_key(request["seed"]), request["tool"], request["args"], request["time"])
    return base64.urlsafe_b64encode(signature).rstrip(b"=").decode()


def revocation_list(request):
    builder = SignedRevocationList.builder().version(request["version"])
    for identifier in request["ids"]:
        builder = builder.revoke(identifier)
    return base64.b64encode(bytes(builder.build(signing_key(request["seed"])).to_bytes())).decode()


def approve(request):
    now = int(time.time())
    request_hash = bytes.fromhex(request["request_hash"])
    payload = ApprovalPayload(request_hash, os.urandom(16), "manager@example.com", now, now + 300)
    signed = SignedApproval.create(payload, signing_key(request["seed"])).to_bytes()
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()


def judge(request):
    """`allow`, or why the SDK's own verifier denies."""
    signature = base64.urlsafe_b64decode(request["proof"] + "==")
    try:
        chain = warrants(request["warrant"])
        authorizer = Authorizer(trusted_roots=[PublicKey.from_bytes(bytes.fromhex(request["root"]))])
        authorizer.check_chain(chain, request["tool"], request["args"], signature)
        return "allow"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


OPERATIONS = {
    "approve": approve,
    "judge": judge,
    "mint": mint,
    "delegate": delegate,
    "leaf": leaf,
    "identifier": identifier,
    "proof": proof,
    "revocationList": revocation_list,
}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {"result": OPERATIONS[request["operation"]](request)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
