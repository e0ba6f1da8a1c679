"""The places that every page leads to: one origin, whichever service answers."""

from collections.abc import Collection
from typing import NamedTuple


class NavItem(NamedTuple):
    """`roles` empty means everybody; `label` is translated where it is shown."""

    href: str
    label: str
    roles: frozenset[str] = frozenset()


def _mark(message: str) -> str:
    """Marks a message for the catalogues; it is translated when shown."""
    return message


_STAFF = frozenset({"moderator", "senior_moderator", "appeals_officer", "supervisor"})

SITE = (
    NavItem("/complaints/new", _mark("Report a problem")),
    NavItem("/center", _mark("Complaint Center")),
    NavItem("/moderation", _mark("Moderation"), _STAFF),
    NavItem("/mail", _mark("Mail"), _STAFF | {"operator", "developer"}),
)


def visible(roles: Collection[str]) -> list[NavItem]:
    """The items of the site that somebody with these roles may follow."""
    return [item for item in SITE if not item.roles or not item.roles.isdisjoint(roles)]


def is_active(item: NavItem, path: str) -> bool:
    """Whether `path` lies at or below the item."""
    return path == item.href or path.startswith(item.href + "/")
