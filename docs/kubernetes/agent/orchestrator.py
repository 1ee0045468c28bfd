"""Hands parts of its authority to workers: orchestrator.py header|job BATCH

The warrant is fetched once; what a worker gets is made here, offline, for the worker's key and one batch.
"""

import json
import os
import ssl
import sys
from pathlib import Path
from urllib.request import Request, urlopen

from tenuo import Pattern, PublicKey, SigningKey

from control_plane_client import get_warrant
from warrants import Holder

WORKER = PublicKey.from_pem(Path(os.environ["WORKER_PUBLIC_KEY_FILE"]).read_text())


def hand_on(batch: str) -> str:
    key = SigningKey.generate()
    warrant = get_warrant(key.public_key, {"read_file": {"path": "reports/*"}}, ttl=300)
    less = {"read_file": {"path": Pattern(f"reports/{batch}/*")}}
    return Holder.of(warrant, key).delegate(WORKER, less, ttl=120)


def send_task(warrant: str, path: str) -> str:
    """To a worker that runs already, with the warrant in the header of the task."""
    headers = {"x-tenuo-warrant": warrant, "content-type": "application/json"}
    body = json.dumps({"path": path}).encode()
    with urlopen(Request(f"{os.environ['WORKER_URL']}/tasks", body, headers), timeout=30) as response:
        return response.read().decode()


def create_job(warrant: str, batch: str, path: str) -> str:
    """A worker of its own, with the warrant in its environment. The key it takes is in the workers' Secret."""
    job = json.loads(Path(os.environ["JOB_TEMPLATE"]).read_text())
    job["metadata"]["generateName"] = f"{batch}-"
    container = job["spec"]["template"]["spec"]["containers"][0]
    container["args"].append(path)
    container["env"].append({"name": "TENUO_WARRANT_BASE64", "value": warrant})
    account = Path(os.environ["KUBERNETES_ACCOUNT"])
    request = Request(
        f"{os.environ['KUBERNETES_URL']}/apis/batch/v1/namespaces/{job['metadata']['namespace']}/jobs",
        json.dumps(job).encode(),
        {
            "authorization": f"Bearer {(account / 'token').read_text()}",
            "content-type": "application/json",
        },
    )
    trusted = ssl.create_default_context(cafile=account / "ca.crt")
    with urlopen(request, timeout=10, context=trusted) as response:
        return json.load(response)["metadata"]["name"]


way, batch = sys.argv[1:]
path = f"reports/{batch}/may.csv"
if way == "header":
    print(send_task(hand_on(batch), path))
else:
    print(create_job(hand_on(batch), batch, path))
