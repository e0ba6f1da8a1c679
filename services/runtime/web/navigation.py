"""The places that every page leads to: one origin, whichever service answers."""

from collections.abc import Collection
from typing import NamedTuple

from services.runtime.sentences import gettext as _


class NavItem(NamedTuple):
    """`roles` empty means everybody."""

    href: str
    label: str
    roles: frozenset[str] = frozenset()


_STAFF = frozenset({"moderator", "senior_moderator", "appeals_officer", "supervisor"})

SITE = (
    NavItem("/complaints/new", _("Report a problem")),
    NavItem("/center", _("Complaint Center")),
    NavItem("/moderation", _("Moderation"), _STAFF),
    NavItem("/desk", _("Chats"), frozenset({"operator", "supervisor"})),
    NavItem("/mail", _("Mail"), _STAFF | {"operator", "developer"}),
)


def visible(roles: Collection[str]) -> list[NavItem]:
    """The items of the site that somebody with these roles may follow."""
    return [item for item in SITE if not item.roles or not item.roles.isdisjoint(roles)]


def is_active(item: NavItem, path: str) -> bool:
    """Whether `path` lies at or below the item."""
    return path == item.href or path.startswith(item.href + "/")
