"""What lists of cases can be narrowed to, and the queues that moderators work through."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, NamedTuple

Order = Literal["due", "newest", "oldest", "severity"]

_MODERATORS = (
    "open",
    "admitted",
    "under_review",
    "counter_notice_received",
    "counter_notice_lapsed",
)
WORKABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "moderator": _MODERATORS,
    "senior_moderator": ("decision_proposed", *_MODERATORS),
    "appeals_officer": ("under_appeal",),
}
"""States in which it is somebody's turn, by role."""


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """What a list is narrowed to. Without `states`, cases that are still to be decided.

    `mine` are those that the reader claimed last, `moderator` those that this one holds or
    decided; `overdue` those whose next deadline has passed, `due_within` (hours) those whose
    deadline is that near. `older_than` and `newer_than` count days since the case was opened.
    `free` leaves out what somebody is working on, and what is on hold.
    """

    states: tuple[str, ...] = ()
    type: str | None = None
    reason: str | None = None
    severity: int | None = None
    language: str | None = None
    accused: str | None = None
    product: str | None = None
    moderator: str | None = None
    older_than: int | None = None
    newer_than: int | None = None
    due_within: int | None = None
    text: str | None = None
    mine: bool = False
    overdue: bool = False
    trusted_flagger: bool = False
    escalated: bool = False
    on_hold: bool = False
    free: bool = False
    order: Order = "due"

    def narrowed(self, other: "QueueFilters") -> "QueueFilters":
        """These filters, and those of `other` that say something (which then stand)."""
        said = {
            each.name: value
            for each in fields(other)
            if (value := getattr(other, each.name)) != each.default
        }
        return replace(self, **said)


class Queue(NamedTuple):
    name: str
    filters: QueueFilters


def _queue(name: str, **filters: Any) -> Queue:
    return Queue(name, QueueFilters(**filters))


QUEUES: Final[Mapping[str, Queue]] = {
    queue.name: queue
    for queue in (
        _queue("all"),
        _queue("new", states=("open",)),
        _queue("counterfeit", type="CF"),
        _queue("prohibited", type="PR"),
        _queue("trusted-flagger", trusted_flagger=True),
        _queue("review", states=("admitted", "under_review")),
        _queue("information", states=("information_requested",)),
        _queue("awaiting", states=("awaiting_counter_notice",)),
        _queue("answered", states=("counter_notice_received",)),
        _queue("lapsed", states=("counter_notice_lapsed",)),
        _queue("approve", states=("decision_proposed",)),
        _queue("appeals", states=("under_appeal",)),
        _queue("mine", mine=True),
        _queue("overdue", overdue=True),
        _queue("escalated", escalated=True),
        _queue("on-hold", on_hold=True),
        _queue(
            "done",
            states=("decided", "inadmissible", "withdrawn", "closed"),
            order="newest",
        ),
    )
}
"""By name, in the order in which they are offered."""
