"""Holds the root's key: issues the agent's warrant, and revokes warrants.

issuer.py issue             a new warrant for the agent, good for an hour
issuer.py revoke WARRANT    WARRANT, tnu_wrt_…, and all that is delegated from it, end now
"""

import re
import sys
from pathlib import Path

from tenuo import Exact, Pattern, PublicKey, Range, SignedRevocationList, SigningKey, Warrant

from files import kept_key, replace

ROOT_KEY = Path("/keys/root.pem")
AGENT_PUBLIC_KEY = Path("/handover/agent.pub")
AGENT_WARRANT = Path("/handover/agent.warrant")
ROOTS = Path("/trust/roots.txt")
REVOCATION_LIST = Path("/trust/revocation.srl")

HOUR = 3600


def issue(root: SigningKey) -> None:
    warrant = (
        Warrant.mint_builder()
        .capability("read_file", {"file": Pattern("data/*")})
        .capability("scale_service", {"service": Exact("web-1"), "replicas": Range(1, 5)})
        .holder(PublicKey.from_pem(AGENT_PUBLIC_KEY.read_text()))
        .ttl(HOUR)
        .mint(root)
    )
    replace(AGENT_WARRANT, warrant.to_base64().encode())
    replace(ROOTS, root.public_key.to_bytes().hex().encode() + b"\n")
    if not REVOCATION_LIST.exists():
        publish(root, 1, [])
    print(f"issued {warrant.id}: {', '.join(warrant.tools)}, for an hour")


def revoke(root: SigningKey, warrant_id: str) -> None:
    """A list is complete, so the new one has the former ids too; versions only go up."""
    if not re.fullmatch("tnu_wrt_[0-9a-f]{32}", warrant_id):
        sys.exit(f"not the id of a warrant, tnu_wrt_ and 32 hex digits: {warrant_id}")
    former = SignedRevocationList.from_bytes(REVOCATION_LIST.read_bytes())
    publish(root, former.version + 1, sorted({*former.revoked_ids, warrant_id}))
    print(f"revoked {warrant_id}")


def publish(root: SigningKey, version: int, warrant_ids: list[str]) -> None:
    builder = SignedRevocationList.builder().version(version)
    for warrant_id in warrant_ids:
        builder = builder.revoke(warrant_id)
    replace(REVOCATION_LIST, bytes(builder.build(root).to_bytes()))


match sys.argv[1:]:
    case ["issue"]:
        issue(kept_key(ROOT_KEY))
    case ["revoke", warrant_id]:
        revoke(kept_key(ROOT_KEY), warrant_id)
    case _:
        sys.exit(__doc__)
