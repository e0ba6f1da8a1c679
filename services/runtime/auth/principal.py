"""Who acts, and what they may do."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

from contracts.ids import derived_id
from services.runtime.sentences import gettext as _

Kind = Literal["member", "guest", "staff", "machine"]
Role = Literal[
    "customer",
    "moderator",
    "senior_moderator",
    "appeals_officer",
    "operator",
    "supervisor",
    "developer",
]

ROLES: Final[frozenset[Role]] = frozenset(get_args(Role))
STAFF_ROLES: Final[frozenset[Role]] = ROLES - {"customer"}

_IMPLIED: Final[Mapping[Role, frozenset[Role]]] = {"senior_moderator": frozenset({"moderator"})}
_ACTOR_ROLES: Final[tuple[Role, ...]] = (
    "senior_moderator",
    "moderator",
    "appeals_officer",
    "supervisor",
    "operator",
    "developer",
)

_ROLE_NAMES: Final[Mapping[Role, str]] = {
    "customer": _("customer"),
    "moderator": _("moderator"),
    "senior_moderator": _("senior moderator"),
    "appeals_officer": _("appeals officer"),
    "operator": _("operator"),
    "supervisor": _("supervisor"),
    "developer": _("developer"),
}
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or machine, as the request proved it.

    `grants` is what the signed links in the request open, as `<purpose>:<subject>`. A `guest` has
    nothing else: no account, no role. `scopes` are those of the bearer token, which narrow what
    its roles may do (`auth.scopes`); None for a token without, or a session.
    """

    kind: Kind
    id: str
    name: str = ""
    email: str = ""
    language: str = "en"
    roles: frozenset[Role] = frozenset()
    grants: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None

    @staticmethod
    def guest(email: str, name: str = "", language: str = "en") -> "Principal":
        """The guest of an e-mail address."""
        return Principal("guest", guest_id(email), name, email.strip(), language)

    @property
    def signed_in(self) -> bool:
        """Whether an account stands behind this, and not only a link."""
        return self.kind != "guest"

    @property
    def proven(self) -> bool:
        """Whether it is known who this is: an account, or an address that a link was mailed to.

        Somebody with the link to one complaint only is not: a receipt shows it to whoever filed,
        under whatever address.
        """
        return self.signed_in or self.holds("guest", self.id)

    @property
    def party(self) -> str:
        """Who this is as a complainant or an accused, whatever their role: `member:<id>`, or
        `guest:<id>`."""
        return f"{'guest' if self.kind == 'guest' else 'member'}:{self.id}"

    @property
    def actor(self) -> str:
        """How the log names who acted, e.g. `member:ivan`, `moderator:mia` or `guest:4f…`."""
        if self.kind == "staff":
            role = next((each for each in _ACTOR_ROLES if each in self.roles), "staff")
            return f"{role}:{self.id}"
        return f"{self.kind}:{self.id}"

    def may(self, *roles: Role) -> bool:
        """Whether one of `roles` is held. A senior moderator is a moderator too."""
        held = self.roles.union(*(_IMPLIED.get(role, frozenset()) for role in self.roles))
        return not held.isdisjoint(roles)

    def holds(self, purpose: str, subject: str) -> bool:
        """Whether a signed link in this request opens `subject` for `purpose`."""
        return f"{purpose}:{subject}" in self.grants

    def granted(self, purpose: str, subject: str) -> "Principal":
        """The same principal, holding one more link."""
        return replace(self, grants=self.grants | {f"{purpose}:{subject}"})


def guest_id(email: str) -> str:
    """The id of the guest with this e-mail address, whatever its upper and lower case."""
    return derived_id("guest", email.strip().casefold())


def known_roles(names: Iterable[str]) -> frozenset[Role]:
    """The roles among `names` that this software knows; others are another system's business."""
    named = frozenset(names)
    return frozenset(role for role in ROLES if role in named)


def language_or_english(tag: object) -> str:
    """A BCP 47 tag as it is, or `en` for what is none."""
    return tag if isinstance(tag, str) and _LANGUAGE.fullmatch(tag) else "en"


def from_identity(claims: Mapping[str, Any]) -> Principal:
    """The principal that an identity provider's claims describe (OpenID Connect Core, 5.1).

    Whoever has no staff role is a customer: the provider vouches for the account, and any member
    of the marketplace may complain or answer. Raises KeyError without `sub`.
    """
    roles = known_roles(str(name) for name in claims.get("roles") or ())
    return Principal(
        kind="staff" if roles & STAFF_ROLES else "member",
        id=str(claims["sub"]),
        name=str(claims.get("name") or claims["sub"]),
        email=str(claims.get("email") or ""),
        language=language_or_english(claims.get("locale")),
        roles=roles or frozenset({"customer"}),
    )


def role_name(role: Role) -> str:
    """A role as people call it."""
    return _ROLE_NAMES[role]
