"""Codes of six digits that prove an e-mail address. They follow from the id of the request and the
deployment's secret, so that they are mailed and checked without being stored anywhere."""

import hmac

from services.runtime.auth.keys import subkey


def code_key(secret: str) -> bytes:
    """Raises ValueError for a secret of fewer than 32 characters."""
    return subkey(secret, "mailed-code")


def code_digits(key: bytes, request_id: str) -> str:
    """The six digits of a code."""
    value = int.from_bytes(hmac.digest(key, request_id.encode(), "sha256")[:8])
    return f"{value % 1_000_000:06d}"
