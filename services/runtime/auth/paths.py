"""Where a browser may be sent after signing in: back to this origin, and nowhere else."""

import re
from typing import Final

_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f\\]")
_MAXIMUM: Final = 2_000


def same_origin_path(value: str | None, default: str = "/") -> str:
    """`value` if it is an absolute path on this origin, else `default`.

    Browsers read `//host` and `/\\host` as another host and drop tabs and line breaks on the way
    (WHATWG URL, 4.4), so all of these are refused. The sign-in pages themselves are no place to
    return to.
    """
    if not value or len(value) > _MAXIMUM or _UNSAFE.search(value):
        return default
    if not value.startswith("/") or value.startswith("//"):
        return default
    if value.startswith(("/sign-in", "/sign-out")):
        return default
    return value
