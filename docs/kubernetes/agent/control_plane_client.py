"""Asks the control plane for a warrant, as the service account of this pod."""

import json
import os
import ssl
from pathlib import Path
from urllib.request import Request, urlopen

from tenuo import PublicKey


def get_warrant(holder: PublicKey, tools: dict[str, dict[str, str]], ttl: int) -> str:
    """A warrant for the holder of this key.

    :param tools: what it may call, with a pattern for each argument
    :raises urllib.error.HTTPError: where the control plane refuses
    """
    # Read each time: the kubelet replaces it long before it expires.
    token = Path(os.environ["TOKEN_FILE"]).read_text()
    wanted = {"tools": tools, "ttl_seconds": ttl, "holder": holder.to_bytes().hex()}
    request = Request(
        f"{os.environ['CONTROL_PLANE_URL']}/v1/warrants",
        data=json.dumps(wanted).encode(),
        headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
    )
    trusted = ssl.create_default_context(cafile=os.environ["CONTROL_PLANE_CA"])
    with urlopen(request, timeout=10, context=trusted) as response:
        return json.load(response)["warrant"]
