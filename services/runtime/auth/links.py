"""Signed links: who has the link may open what it names, without signing in.

| purpose | subject | holder | who has it |
|---|---|---|---|
| `complaint` | a complaint's id | the guest's id, or empty | its complainant |
| `case` | a case's id | the member's id | its accused, also while the account is blocked |
| `guest` | the guest's id | | who reads that mailbox: opens all complaints of the address |
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Final, NamedTuple

from services.runtime.auth.refusals import LinkRefused
from services.runtime.clock import Clock
from services.runtime.sentences import gettext as _

PREFIX: Final = "link_"
_REFUSAL: Final = _(
    "This link is not complete, or was changed. Open it again from the e-mail or the receipt."
)


class Link(NamedTuple):
    """What a link says: `holder` is the id of the person it was made for, or empty."""

    purpose: str
    subject: str
    holder: str
    expires: datetime | None


_compact = json.JSONEncoder(separators=(",", ":")).encode


class Links:
    """Signs and verifies links with one key. Nothing is stored: a link holds until it expires."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def sign(
        self, purpose: str, subject: str, *, holder: str = "", expires: datetime | None = None
    ) -> str:
        """The token of a link, the same for the same arguments. `expires` to the second."""
        until = None if expires is None else int(expires.timestamp())
        content = _compact([purpose, subject, holder, until])
        return self._signed(PREFIX + _base64(content.encode()))

    def verify(self, purpose: str, token: str) -> Link:
        """The link, if it was signed for `purpose` and has not expired. Raises LinkRefused."""
        link = self.read(token)
        if link.purpose != purpose:
            raise LinkRefused(_("This link was made for another page."))
        return link

    def read(self, token: str) -> Link:
        """The link, whatever its purpose. Raises LinkRefused."""
        body = token.rpartition(".")[0]
        # The whole text is compared, so that no second spelling of the same bytes passes.
        if not hmac.compare_digest(self._signed(body).encode(), token.encode(errors="replace")):
            raise LinkRefused(_REFUSAL)
        padded = body.removeprefix(PREFIX) + "=="
        purpose, subject, holder, until = json.loads(urlsafe_b64decode(padded))
        expires = None if until is None else datetime.fromtimestamp(until, UTC)
        if expires is not None and self._clock() >= expires:
            raise LinkRefused(_("This link has expired."))
        return Link(purpose, subject, holder, expires)

    def _signed(self, body: str) -> str:
        digest = hmac.digest(self._key, body.encode(errors="replace"), "sha256")
        return f"{body}.{_base64(digest)}"


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
