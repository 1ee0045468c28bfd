"""Mints and judges with the published Python SDK: a JSON request a line in, a JSON answer a line out."""

import base64
import hashlib
import json
import os
import sys
import time
import warnings

warnings.simplefilter("ignore")

import tenuo  # noqa: E402, F401  (adds the builders to Warrant)
import tenuo_core as core  # noqa: E402
from tenuo_core import Authorizer, PublicKey, SigningKey, Warrant  # noqa: E402


class Unsupported(Exception):
    """The SDK has no way to say this."""


def load_keys(names):
    return {name: SigningKey.from_bytes(hashlib.sha256(name.encode()).digest()) for name in names}


def constraint(spec):
    ((kind, value),) = spec.items()
    if kind == "exact":
        return core.Exact(value)
    if kind == "pattern":
        return core.Pattern(value)
    if kind == "range":
        if not (value.get("minInclusive", True) and value.get("maxInclusive", True)):
            raise Unsupported("exclusive bounds")
        return core.Range(value.get("min"), value.get("max"))
    if kind == "oneOf":
        return core.OneOf(value)
    if kind == "regex":
        return core.Regex(value)
    if kind == "notOneOf":
        return core.NotOneOf(value)
    if kind == "cidr":
        return core.Cidr(value)
    if kind == "urlPattern":
        return core.UrlPattern(value)
    if kind == "contains":
        return core.Contains(value)
    if kind == "subset":
        return core.Subset(value)
    if kind == "all":
        return core.All([constraint(member) for member in value])
    if kind == "any":
        return core.AnyOf([constraint(member) for member in value])
    if kind == "not":
        return core.Not(constraint(value))
    if kind == "cel":
        return core.CEL(value)
    if kind == "wildcard":
        return core.Wildcard()
    if kind == "subpath":
        return core.Subpath(value["root"], value["caseSensitive"], value["allowEqual"])
    if kind == "urlSafe":
        members = {("allow_schemes" if name == "schemes" else name): member for name, member in value.items()}
        if "allow_ports" in members:
            members["allow_ports"] = [int(port) for port in members["allow_ports"]]
        return core.UrlSafe(**members)
    if kind == "shlex":
        return core.Shlex(value)
    raise Unsupported(kind)


def capability(spec):
    members = {name: constraint(member) for name, member in spec["constraints"].items()}
    if spec.get("allowUnknown"):
        members["_allow_unknown"] = True
    return members


def gates(spec):
    return {tool: gate and {name: argument_gate(member) for name, member in gate.items()} for tool, gate in spec.items()}


def argument_gate(spec):
    if spec == "all":
        return None
    if "matches" in spec:
        return constraint(spec["matches"])
    return {"exempt": constraint(spec["exempt"])}


def inherited_gating(parent_link, link):
    """What the builders leave to a child: the gates of its tools, and the approvers while there is a gate."""
    gating = {name: parent_link[name] for name in ("gates", "approvers", "minApprovals") if name in parent_link}
    if "gates" not in gating:
        return gating
    tools = link.get("issuableTools", link["tools"])
    kept = {tool: gate for tool, gate in gating["gates"].items() if tool in tools or "*" in tools}
    return {**gating, "gates": kept} if kept else {}


def public(keys, name):
    return keys[name].public_key


def clearance(level):
    return core.Clearance.custom(int(level))


ROOT_MEMBERS = {"session", "approvers", "minApprovals", "gates", "clearance", "issuableTools", "bounds", "maxIssueDepth"}
COMMON_MEMBERS = {"type", "signer", "holder", "tools", "issued", "expires", "maxDepth", "depth", "parent"}


def refuse_others(link, known):
    others = set(link) - COMMON_MEMBERS - known
    if others or link["issued"] != 0:
        raise Unsupported(", ".join(sorted(others)) or "another time of issue")


def mint_root(keys, link):
    refuse_others(link, ROOT_MEMBERS)
    if link["maxDepth"] != 64 or link["depth"] != 0 or link["parent"] != "none":
        raise Unsupported("depths")
    builder = Warrant.mint_builder().holder(public(keys, link["holder"])).ttl(int(link["expires"]))
    if link["type"] == "issuer":
        builder = builder.issuer().issuable_tools(link["issuableTools"])
        if "bounds" in link:
            builder = builder.constraint_bounds(capability(link["bounds"]))
        if "maxIssueDepth" in link:
            builder = builder.max_issue_depth(int(link["maxIssueDepth"]))
    for tool, spec in link["tools"].items():
        builder = builder.capability(tool, capability(spec))
    if "clearance" in link:
        builder = builder.clearance(clearance(link["clearance"]))
    if "session" in link:
        builder = builder.session_id(link["session"])
    if "approvers" in link:
        builder = builder.required_approvers([public(keys, name) for name in link["approvers"]])
    if "minApprovals" in link:
        builder = builder.min_approvals(int(link["minApprovals"]))
    if "gates" in link:
        builder = builder.approval_gates(gates(link["gates"]))
    return builder.mint(keys[link["signer"]])


def mint_child(keys, parent, parent_link, link):
    if {name: link[name] for name in ("gates", "approvers", "minApprovals") if name in link} != inherited_gating(parent_link, link):
        raise Unsupported("another gating")
    if link.get("session") != parent_link.get("session"):
        raise Unsupported("another session")
    refuse_others(link, {"clearance", "issuableTools", "session", "gates", "approvers", "minApprovals"})
    if link["maxDepth"] != parent.max_depth or link["depth"] != parent_link["depth"] + 1 or link["parent"] != "right":
        raise Unsupported("depths")
    if link["type"] == "execution" and parent_link["type"] == "issuer":
        builder = parent.issue_execution()
        finish = builder.build
    else:
        builder = parent.grant_builder()
        finish = builder.grant
    builder.holder(public(keys, link["holder"]))
    builder.ttl(int(link["expires"]))
    for tool, spec in link["tools"].items():
        builder.capability(tool, capability(spec))
    if "issuableTools" in link:
        builder.issuable_tools(link["issuableTools"])
    if "clearance" in link:
        builder.clearance(clearance(link["clearance"]))
    return finish(keys[link["signer"]])


def encode(raw):
    return base64.b64encode(bytes(raw)).decode()


def approve(keys, chain, call, spec):
    warrant = chain[int(spec["link"])] if "link" in spec else chain[-1]
    call = spec.get("call", call)
    digest = core.py_compute_request_hash(warrant.id, call["tool"], call["args"], warrant.authorized_holder)
    now = int(time.time())
    payload = core.ApprovalPayload(
        digest, os.urandom(16), "somebody", now + int(spec["approved"]), now + int(spec["expires"])
    )
    return core.SignedApproval.create(payload, keys[spec["key"]])


def mint(keys, spec):
    """As many warrants of the chain, from the root, as the builders go along with."""
    chain = []
    refusal = None
    try:
        for index, link in enumerate(spec["links"]):
            chain.append(mint_child(keys, chain[-1], spec["links"][index - 1], link) if chain else mint_root(keys, link))
    except Exception as error:
        refusal = f"{type(error).__name__}: {error}"
    answer = {"chain": [encode(warrant.to_bytes()) for warrant in chain]}
    proof = spec["proof"]
    if refusal is None and "link" not in proof:
        at = int(time.time()) + int(proof["time"])
        answer["proof"] = encode(chain[-1].sign(keys[proof["key"]], proof["tool"], proof["args"], at))
    if refusal is None and not any("claimed" in approval for approval in spec["approvals"]):
        answer["approvals"] = [encode(approve(keys, chain, spec["call"], approval).to_bytes()) for approval in spec["approvals"]]
    return {**answer, "refusal": refusal}


def warrants(text):
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    try:
        return [Warrant.from_bytes(raw)]
    except Exception as single:
        try:
            return core.decode_warrant_stack_base64(base64.b64encode(raw).decode())
        except Exception as stack:
            raise ValueError(f"{single}; as a stack: {stack}") from None


def judge(authorizer, request):
    try:
        chain = warrants(request["warrant"])
    except Exception as error:
        return {"allow": False, "detail": f"unreadable: {error}"}
    try:
        proof = request.get("proof")
        signature = None if proof is None else base64.urlsafe_b64decode(proof + "=" * (-len(proof) % 4))
        given = [core.SignedApproval.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) for text in request["approvals"]]
        authorizer.check_chain(chain, request["tool"], request["args"], signature, given or None)
        return {"allow": True, "detail": ""}
    except Exception as error:
        return {"allow": False, "detail": f"{type(error).__name__}: {error}"}
    except BaseException as error:  # a panic of the native half is none of Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return {"allow": False, "detail": f"panic: {error}"}


def main():
    setup = json.loads(sys.stdin.readline())
    keys = load_keys(setup["keys"])
    authorizer = Authorizer([keys[name].public_key for name in setup["roots"]])
    revoked = core.SrlBuilder().revoke_all(setup["revoked"]).version(1).build(keys[setup["roots"][0]])
    authorizer.set_revocation_list(revoked)
    for tool, level in setup["clearance"].items():
        authorizer.require_clearance(tool, clearance(level))
    print(json.dumps({"revocationList": encode(revoked.to_bytes())}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = mint(keys, request["mint"]) if "mint" in request else judge(authorizer, request["judge"])
        print(json.dumps(answer), flush=True)


main()
