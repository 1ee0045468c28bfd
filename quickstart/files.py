"""Keys and other files that both programs keep in volumes."""

import os
from pathlib import Path

from tenuo import SigningKey


def kept_key(file: Path) -> SigningKey:
    """The private key of this file, which is made on first use."""
    if not file.exists():
        replace(file, SigningKey.generate().to_pem().encode(), mode=0o600)
    return SigningKey.from_pem(file.read_text())


def replace(file: Path, content: bytes, mode: int = 0o644) -> None:
    """In one step: whoever reads meanwhile gets the old file or the new one, whole."""
    beside = file.with_name(file.name + ".new")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as new:
        new.write(content)
    beside.replace(file)
