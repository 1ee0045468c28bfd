"""Init container: makes a key, fetches a warrant for it, and leaves both in a folder: fetch.py FOLDER PATTERN"""

import sys
from pathlib import Path

from tenuo import SigningKey

from control_plane_client import get_warrant

folder, pattern = Path(sys.argv[1]), sys.argv[2]
key = SigningKey.generate()
warrant = get_warrant(key.public_key, {"read_file": {"path": pattern}}, ttl=900)
key_file = folder / "key.pem"
key_file.touch(mode=0o600)
key_file.write_text(key.to_pem())
(folder / "warrant.b64").write_text(warrant)
