"""The forms of bulk actions: those of a single case that make sense on many alike."""

from services.moderation.bulk import POSSIBLE
from services.moderation.policy import Policy
from services.moderation.web.command_forms import CommandForm, command_form

NEEDS_ONE_CASE = frozenset(
    {
        "decide",
        "request-information",
        "keep-interim-measure",
        "lift-interim-measure",
        "impose-interim-measure",
        "reopen",
    }
)
"""Possible over the API, where whoever writes the body knows what it is about."""


def bulk_forms(policy: Policy) -> tuple[CommandForm, ...]:
    return tuple(command_form(name, None, policy) for name in sorted(POSSIBLE - NEEDS_ONE_CASE))
