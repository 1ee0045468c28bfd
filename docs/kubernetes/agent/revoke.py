"""For operators: writes a signed revocation list: revoke.py ROOT_KEY.pem VERSION OUTPUT tnu_wrt_…"""

import sys
from pathlib import Path

from tenuo import SignedRevocationList, SigningKey

root_key, version, output, *warrant_ids = sys.argv[1:]
builder = SignedRevocationList.builder().version(int(version))
for warrant_id in warrant_ids:
    builder = builder.revoke(warrant_id)
signed = builder.build(SigningKey.from_pem(Path(root_key).read_text()))
Path(output).write_bytes(bytes(signed.to_bytes()))
