"""Does tasks, each with a warrant of its own: tasks.py PATH…

The key lives as long as the process, and nowhere else.
"""

import sys

from tenuo import SigningKey

from control_plane_client import get_warrant
from gateway import read_file
from warrants import Holder

key = SigningKey.generate()
for path in sys.argv[1:]:
    warrant = get_warrant(key.public_key, {"read_file": {"path": path}}, ttl=60)
    print(f"{path}: {read_file(Holder.of(warrant, key), path)}")
