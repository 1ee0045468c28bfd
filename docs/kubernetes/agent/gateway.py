"""The tool that these agents call: files of an API behind Envoy."""

import json
import os
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from warrants import Holder


class Denied(Exception):
    """The gateway said no, and why: a reason of docs/reference/reasons.md."""

    def __init__(self, status: int, reason: str):
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


def read_file(holder: Holder, path: str) -> str:
    """GET /files/PATH. What is signed is what gateway.yaml extracts from that request.

    :raises Denied: with the status and the reason
    """
    headers = holder.headers("read_file", {"path": path})
    request = Request(f"{os.environ['GATEWAY_URL']}/files/{quote(path)}", headers=headers)
    try:
        with urlopen(request, timeout=10) as response:
            return response.read().decode()
    except HTTPError as error:
        with error:
            raise Denied(error.code, _reason(error)) from None


def _reason(error: HTTPError) -> str:
    try:
        return json.load(error)["reason"]
    except (ValueError, KeyError):
        return error.reason  # Not of the authorizer: of Envoy or the tool.
