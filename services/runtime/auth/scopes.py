"""How far a bearer token reaches: scopes, for machines that need only a part of what a role may do.

A token without scopes may do whatever its roles may. One with scopes is good for the calls of the
API that a rule names and nothing else: what no rule names, pages included, is refused.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from services.runtime.auth.refusals import ScopeRequired
from services.runtime.sentences import gettext as _

SCOPES: Final[Mapping[str, str]] = {
    "complaints:file": "File complaints, with evidence; add to one's own, answer, withdraw.",
    "answers:send": "Answer as the accused: counter-notices, more time, evidence; and appeal.",
    "center:read": "Read the Complaint Center: one's own complaints, cases and standing.",
    "cases:read": "Read cases, queues and evidence; preview decisions.",
    "cases:decide": "Every command on cases, one or many at once; claim the next case.",
    "queues:write": "Keep and forget queues of one's own.",
    "texts:write": "Write, change and retire the texts that decisions may begin with.",
    "members:read": "Read members' records, and the measures proposed for them.",
    "members:decide": "Impose, refuse and lift measures.",
    "figures:read": "Read the figures of the moderators' work.",
    "quality:write": "Draw decided cases for a second reading, and judge them.",
    "audit:read": "Read and export who saw and did what.",
    "exports:read": "Export the cases of a query.",
    "outgoing:read": "Read webhooks and records for the Transparency Database.",
    "outgoing:send": "Have them sent again.",
    "reports:read": "Read the yearly report.",
    "reports:write": "Enter into the yearly report what the software cannot count.",
    "mails:read": "Read which mails were sent.",
    "chats:read": "Read one's own chats.",
    "chats:write": "Open chats and write in them.",
    "chats:serve": "The operators' desk.",
}
"""Every scope, and what it lets somebody do whose role may."""


class _Rule(NamedTuple):
    methods: str
    path: re.Pattern[str]
    scope: str


def _rule(methods: str, path: str, scope: str) -> _Rule:
    return _Rule(methods, re.compile(f"/api/v1/{path}"), scope)


_RULES: Final = (
    _rule("GET", r"moderation/export", "exports:read"),
    _rule("GET", r"moderation/audit(/export)?", "audit:read"),
    _rule("GET", r"moderation/figures", "figures:read"),
    _rule("GET", r"moderation/reports/.+", "reports:read"),
    _rule("PUT", r"moderation/reports/.+", "reports:write"),
    _rule("GET", r"moderation/outgoing(/.+)?", "outgoing:read"),
    _rule("POST", r"moderation/outgoing/.+", "outgoing:send"),
    _rule("GET", r"moderation/(members/.+|measures/.+)", "members:read"),
    _rule("POST", r"moderation/members/.+", "members:decide"),
    _rule("GET POST", r"moderation/quality(/.+)?", "quality:write"),
    _rule("PUT DELETE", r"moderation/saved-queues/.+", "queues:write"),
    _rule("GET", r"moderation/reason-texts(/[^/]+)?", "cases:read"),
    _rule("POST PUT DELETE", r"moderation/reason-texts(/[^/]+)?", "texts:write"),
    _rule("POST", r"moderation/(cases/[^/]+/decide|bulk)/preview", "cases:read"),
    _rule("GET", r"moderation/(cases(/.+)?|queues|saved-queues|bulk(/.+)?)", "cases:read"),
    _rule("POST", r"moderation/(next|cases/.+|bulk(/.+)?)", "cases:decide"),
    _rule("GET", r"center/.+", "center:read"),
    _rule("POST", r"(cases|decisions)/.+", "answers:send"),
    _rule("POST", r"(complaints(/.+)?|evidence)", "complaints:file"),
    _rule("GET", r"advice", "complaints:file"),
    _rule("GET POST", r"mails(/.+)?", "mails:read"),
    _rule("GET POST PUT DELETE", r"chats/desk(/.+)?", "chats:serve"),
    _rule("GET", r"chats(/.+)?", "chats:read"),
    _rule("POST PUT DELETE", r"chats(/.+)?", "chats:write"),
)
"""The first that matches counts."""

_PUBLIC: Final = re.compile(r"/api/v1/chats/(hours|promises)")


def scope_of(method: str, path: str) -> str | None:
    """The scope that a call needs; None for one that tokens with scopes do not reach."""
    if _PUBLIC.fullmatch(path):
        return None
    for rule in _RULES:
        if method in rule.methods.split() and rule.path.fullmatch(path):
            return rule.scope
    return None


def known_scopes(names: Collection[str]) -> frozenset[str]:
    """`names` as scopes. Raises LookupError, with a sentence that says what there is."""
    if unknown := sorted(set(names) - SCOPES.keys()):
        there_is = ", ".join(SCOPES)
        raise LookupError(f"There is no scope {', '.join(unknown)}; the scopes are {there_is}.")
    return frozenset(names)


def check_scopes(held: frozenset[str] | None, method: str, path: str) -> None:
    """Raises ScopeRequired unless a token with these scopes reaches the call."""
    if held is None:
        return
    needed = scope_of(method, path)
    if needed is None:
        raise ScopeRequired(
            _("A token with scopes is for calls of the API that a scope opens; this is none."),
        )
    if needed not in held:
        raise ScopeRequired(
            _("This needs the scope %(scope)s; the token has %(scopes)s.")
            % {"scope": needed, "scopes": ", ".join(sorted(held)) or "–"},
            scope=needed,
        )
