"""One secret, many keys: what is signed for one purpose can never pass for another."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MINIMUM_SECRET = 32


def subkey(secret: str, purpose: str) -> bytes:
    """The 256-bit key for `purpose` (HKDF-SHA256, RFC 5869).

    Raises ValueError for a secret of fewer than 32 characters.
    """
    if len(secret) < MINIMUM_SECRET:
        raise ValueError(f"REDRESS_SECRET_KEY needs at least {MINIMUM_SECRET} characters")
    return HKDF(SHA256(), length=32, salt=b"redress", info=purpose.encode()).derive(secret.encode())
