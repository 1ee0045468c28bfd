"""The warrants of an agent, and the headers and delegations it makes of them."""

import os
import time
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from tenuo import PublicKey, SigningKey, Warrant, decode_warrant_stack_base64, encode_warrant_stack


@dataclass(frozen=True)
class Holder:
    """A chain of warrants, root first, and the key that holds the last of them."""

    chain: tuple[Warrant, ...]
    key: SigningKey

    @classmethod
    def of(cls, header: str, key: SigningKey) -> "Holder":
        """From the text of an X-Tenuo-Warrant header: one warrant, or a stack, root first."""
        try:
            chain = decode_warrant_stack_base64(header)
        except Exception:
            chain = [Warrant.from_base64(header)]
        return cls(tuple(chain), key)

    def header(self) -> str:
        """Public: of no use to anyone without the key."""
        if len(self.chain) == 1:
            return self.chain[0].to_base64()
        return encode_warrant_stack(list(self.chain))

    def headers(self, tool: str, arguments: dict) -> dict[str, str]:
        """The headers of one call, with the proof that the holder makes it, now, with these arguments."""
        # Not `Warrant.headers()`, which sends one warrant without its chain, and judges by itself.
        proof = self.chain[-1].sign(self.key, tool, arguments, int(time.time()))
        return {"X-Tenuo-Warrant": self.header(), "X-Tenuo-PoP": b64encode(proof).decode()}

    def delegate(self, holder: PublicKey, capabilities: dict[str, dict], ttl: int) -> str:
        """Less of it, for another holder, as the text of its header. Asks nobody."""
        builder = self.chain[-1].grant_builder()
        for tool, constraints in capabilities.items():
            builder = builder.capability(tool, constraints)
        child = builder.holder(holder).ttl(ttl).grant(self.key)
        return encode_warrant_stack([*self.chain, child])


def key_from_environment() -> SigningKey:
    """Of TENUO_KEYPAIR_PEM, or of the file that TENUO_KEYPAIR_FILE names: PKCS #8, as openssl writes it."""
    return SigningKey.from_pem(_text("TENUO_KEYPAIR_PEM", "TENUO_KEYPAIR_FILE") or _unset("TENUO_KEYPAIR_PEM"))


def warrant_from_environment() -> str | None:
    """Of TENUO_WARRANT_BASE64, or of the file that TENUO_WARRANT_FILE names."""
    return _text("TENUO_WARRANT_BASE64", "TENUO_WARRANT_FILE")


def _text(variable: str, file_variable: str) -> str | None:
    if value := os.environ.get(variable):
        return value.strip()
    if path := os.environ.get(file_variable):
        return Path(path).read_text().strip()
    return None


def _unset(variable: str):
    raise SystemExit(f"{variable} isn't set")
