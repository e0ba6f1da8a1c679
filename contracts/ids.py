"""Identifiers, numbers that people read aloud, and partitions.

Everything is a pure function of its input: the one random source, `new_id`, belongs to the edges.
"""

import uuid
from hashlib import sha256
from zlib import crc32

PARTITIONS = 64
"""Fixed for ever: the partition is part of every subject already written."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> str:
    """A fresh random identifier: 32 lower-case hexadecimal digits (122 random bits)."""
    return uuid.uuid4().hex


def derived_id(*parts: str) -> str:
    """The identifier that follows from `parts`, the same on every machine and in every run.

    Used wherever a repeat must land on the same aggregate: a filing repeated with the same
    Idempotency-Key, the case of an accused, product and type, the mail about a fact to a reader.
    """
    apart = "".join(f"{len(part)}:{part}" for part in parts)
    return sha256(apart.encode()).hexdigest()[:32]


def number(prefix: str, identifier: str) -> str:
    """The number that people see and read aloud, e.g. `C-7K3F9-QXD2M`.

    50 bits of the id's SHA-256 in Crockford's base 32 (no I, L, O, U). It is a label: nothing is
    keyed by it, so a clash (4 % over 10 million complaints) confuses a reader, not the software.
    """
    value = int.from_bytes(sha256(identifier.encode()).digest()[:8]) >> 14
    digits = "".join(_CROCKFORD[value >> shift & 31] for shift in range(45, -1, -5))
    return f"{prefix}-{digits[:5]}-{digits[5:]}"


def partition(identifier: str) -> int:
    """The partition (0 to 63) of an aggregate: CRC-32 of its id modulo `PARTITIONS`."""
    return crc32(identifier.encode()) % PARTITIONS
