"""The state machine of the complaint policy: what may happen to a case, from where, and who may.

Pure: time is given. `TRANSITIONS` is to be read at a glance; `permit` enforces it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple

from services.moderation.commands import (
    Actor,
    Admit,
    Claim,
    Close,
    Command,
    Decide,
    DeclareInadmissible,
    Join,
    Lapse,
    ReceiveCounterNotice,
    Release,
    RequestCounterNotice,
)
from services.moderation.refusals import (
    AccusedUnknown,
    AlreadyDecided,
    ClaimedBySomeoneElse,
    LeaseExpired,
    NotClaimed,
    NothingWasAsked,
    NotInThisState,
)
from services.moderation.state import LIVE, Case, Status
from services.runtime.problems import Forbidden, NotFound, Refused


class Needs(Enum):
    """What a command needs of the case's lease."""

    NOTHING = auto()
    NO_OTHER = auto()  # nobody else may be working on it
    OWN = auto()  # the actor must be working on it


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the state machine. `moves` is from where to where; in another state the command
    is not possible."""

    command: type[Command]
    name: str
    who: frozenset[str]
    moves: Mapping[Status, Status]
    lease: Needs


def _stay(statuses: Iterable[Status]) -> dict[Status, Status]:
    return {status: status for status in statuses}


_STAFF = frozenset({"moderator", "senior_moderator"})
_CLOCK = frozenset({"clock"})
_SERVICE = frozenset({"service"})
_BEGUN = frozenset(Status) - {Status.NEW}

_S = Status
_ROWS = (
    Transition(
        Join, "join", _SERVICE,
        {_S.NEW: _S.OPEN} | _stay(LIVE),
        Needs.NOTHING,
    ),
    Transition(
        Admit, "admit", _STAFF,
        {_S.OPEN: _S.ADMITTED},
        Needs.NO_OTHER,
    ),
    Transition(
        DeclareInadmissible, "declare-inadmissible", _STAFF,
        {_S.OPEN: _S.INADMISSIBLE},
        Needs.NO_OTHER,
    ),
    Transition(
        Claim, "claim", _STAFF,
        _stay(LIVE) | {_S.ADMITTED: _S.UNDER_REVIEW},
        Needs.NO_OTHER,
    ),
    Transition(
        Release, "release", _STAFF,
        _stay(LIVE),
        Needs.OWN,
    ),
    Transition(
        RequestCounterNotice, "request-counter-notice", _STAFF,
        {_S.UNDER_REVIEW: _S.AWAITING_COUNTER_NOTICE},
        Needs.OWN,
    ),
    Transition(
        # In time, that is. A late answer, or one read after the decision, moves nothing.
        ReceiveCounterNotice, "receive-counter-notice", _SERVICE,
        _stay(_BEGUN)
        | {
            _S.AWAITING_COUNTER_NOTICE: _S.COUNTER_NOTICE_RECEIVED,
            _S.COUNTER_NOTICE_LAPSED: _S.COUNTER_NOTICE_RECEIVED,
        },
        Needs.NOTHING,
    ),
    Transition(
        Lapse, "lapse", _CLOCK,
        {_S.AWAITING_COUNTER_NOTICE: _S.COUNTER_NOTICE_LAPSED},
        Needs.NOTHING,
    ),
    Transition(
        Decide, "decide", _STAFF,
        {
            _S.UNDER_REVIEW: _S.DECIDED,
            _S.COUNTER_NOTICE_RECEIVED: _S.DECIDED,
            _S.COUNTER_NOTICE_LAPSED: _S.DECIDED,
        },
        Needs.OWN,
    ),
    Transition(
        Close, "close", _CLOCK,
        {_S.DECIDED: _S.CLOSED, _S.INADMISSIBLE: _S.CLOSED},
        Needs.NOTHING,
    ),
)  # fmt: skip
TRANSITIONS: dict[type[Command], Transition] = {row.command: row for row in _ROWS}

STAFF_COMMANDS: dict[str, type[Command]] = {
    row.name: command for command, row in TRANSITIONS.items() if row.who == _STAFF
}
"""The commands of the API and the console, by their hyphenated names, in their usual order."""


class Allowed(NamedTuple):
    """Whether a command is possible now, and where it is not, why: a sentence for people."""

    command: str
    allowed: bool
    reason: str | None


def allowed(case: Case, by: Actor, *, now: datetime) -> tuple[Allowed, ...]:
    """What `by` may ask of the case at `now`, one row for every command of staff."""
    rows = (TRANSITIONS[command] for command in STAFF_COMMANDS.values())
    return tuple(_allowed(case, row, by, now) for row in rows)


def _allowed(case: Case, row: Transition, by: Actor, now: datetime) -> Allowed:
    try:
        permit(case, row, by, now)
    except Refused as refused:
        return Allowed(row.name, False, refused.detail)
    return Allowed(row.name, True, None)


def permit(case: Case, row: Transition, by: Actor, now: datetime) -> None:
    """Raises the refusal that stands against the command, if one does."""
    if not by.roles & row.who:
        raise Forbidden(f"Your role does not allow “{row.name}”.")
    if case.status not in row.moves:
        raise _wrong_state(case, row, by)
    if row.lease is not Needs.NOTHING:
        _permit_lease(case, row.lease, by, now)
    if row.command is RequestCounterNotice and case.accused is None:
        raise AccusedUnknown(
            "The marketplace's catalogue does not know who sells this product, so nobody can be "
            "asked. The case can be decided without a counter-notice."
        )
    if row.command is ReceiveCounterNotice and case.answer_due_at is None:
        raise NothingWasAsked("Nobody was asked for a counter-notice on this case.")


def _wrong_state(case: Case, row: Transition, by: Actor) -> Refused:
    if case.status is Status.NEW:
        return NotFound("There is no case with this id.")
    if row.command is Decide and case.outcome is not None:
        return AlreadyDecided(
            f"The case was decided ({case.outcome.replace('_', ' ')}). Decisions are changed on "
            "appeal only.",
            state=case.status,
        )
    possible = [
        other.name
        for other in TRANSITIONS.values()
        if by.roles & other.who and case.status in other.moves
    ]
    now_possible = f"possible now: {', '.join(possible)}" if possible else "nothing is possible now"
    return NotInThisState(
        f"“{row.name}” is not possible while the case is {case.status.replace('_', ' ')}; "
        f"{now_possible}.",
        state=case.status,
        allowed=possible,
    )


def _permit_lease(case: Case, needs: Needs, by: Actor, now: datetime) -> None:
    lease = case.lease
    if lease is not None and lease.holder != by.id and lease.is_live(now):
        raise ClaimedBySomeoneElse(
            f"{lease.holder} is working on this case until {lease.until:%H:%M} UTC.",
            holder=lease.holder,
            until=lease.until.isoformat(),
        )
    if needs is Needs.NO_OTHER or case.lease_of(by.id, now):
        return
    if lease is not None and lease.holder == by.id:
        raise LeaseExpired(
            f"Your claim ran out at {lease.until:%H:%M} UTC. Claim the case again; nothing that "
            "you wrote is lost."
        )
    raise NotClaimed("Claim the case first, so that nobody else works on it at the same time.")
