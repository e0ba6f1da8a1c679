"""Pictures of listings: shown from our own origin, and from the origins that the setting
`picture_origins` names. A page asks no other server for anything, so nobody who writes a listing
learns who reads a case."""

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_ORIGIN: Final = re.compile(r"https?://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?")


def origins(text: str) -> tuple[str, ...]:
    """The origins in a setting, parted by spaces; `https://*.example.org` is all below that domain.

    Raises ValueError for what is no origin: the text becomes a part of the pages' policy.
    """
    named = tuple(text.lower().split())
    if wrong := [each for each in named if not _ORIGIN.fullmatch(each)]:
        raise ValueError(f"no origins: {', '.join(wrong)}")
    return named


class Pictures(NamedTuple):
    """`own` is the public origin of this installation."""

    own: str
    others: tuple[str, ...] = ()

    def shown(self, url: str | None) -> str | None:
        """The picture's address, if a page may load it from there."""
        if not url:
            return None
        parts = urlsplit(url)
        if not parts.scheme and not parts.netloc:
            return url
        origin = f"{parts.scheme}://{parts.netloc}".lower()
        known = origin == self.own.rstrip("/") or any(_covers(each, origin) for each in self.others)
        return url if known else None

    def allowed_by(self, policy: str) -> str:
        """The content security policy, opened for the other origins."""
        return policy.replace("img-src 'self'", " ".join(["img-src 'self'", *self.others]))


def _covers(named: str, origin: str) -> bool:
    scheme, _, host = named.partition("//")
    if not host.startswith("*."):
        return named == origin
    return origin.startswith(f"{scheme}//") and origin.endswith(host[1:])
