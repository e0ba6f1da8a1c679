"""Signing mails with the domain's key (DKIM, RFC 6376; Ed25519 by RFC 8463)."""

from base64 import b64decode
from pathlib import Path
from typing import Protocol

import dkim

from services.notifier.composing import Letter

SIGNED = (
    b"from", b"to", b"reply-to", b"subject", b"date", b"message-id", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"list-id", b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
"""RFC 8058 asks for the last two, so that nobody else can make them up."""


class Signer(Protocol):
    def __call__(self, letter: Letter) -> Letter:
        """The letter with its signature before it."""
        ...


def signer(selector: str, domain: str, key: Path) -> Signer:
    """Signs with the key in that file. Raises OSError when it cannot be read."""
    secret = key.read_bytes().strip()
    of_rsa = secret.startswith(b"-----")
    if not of_rsa:
        b64decode(secret, validate=True)

    def sign(letter: Letter) -> Letter:
        present = {line.split(b":", 1)[0].lower() for line in _head(letter).split(b"\r\n")}
        signature = dkim.sign(
            letter.content,
            selector.encode(),
            domain.encode("idna"),
            secret,
            canonicalize=(b"relaxed", b"relaxed"),
            signature_algorithm=b"rsa-sha256" if of_rsa else b"ed25519-sha256",
            include_headers=[name for name in SIGNED if name in present],
        )
        return letter._replace(content=signature + letter.content)

    return sign


def _head(letter: Letter) -> bytes:
    return letter.content.partition(b"\r\n\r\n")[0]
