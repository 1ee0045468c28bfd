"""For operators: prints a root warrant: mint.py ROOT_KEY.pem HOLDER.pub.pem SECONDS PATTERN"""

import sys
from pathlib import Path

from tenuo import Pattern, PublicKey, SigningKey, Warrant

root_key, holder, seconds, pattern = sys.argv[1:]
builder = Warrant.mint_builder().capability("read_file", {"path": Pattern(pattern)})
builder = builder.holder(PublicKey.from_pem(Path(holder).read_text())).ttl(int(seconds))
print(builder.mint(SigningKey.from_pem(Path(root_key).read_text())).to_base64())
