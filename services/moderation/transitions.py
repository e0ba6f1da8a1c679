"""The state machine of the complaint policy: what may happen to a case, from where, and who may.

Pure: time is given. `TABLE` is to be read at a glance; `permit` enforces it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import cache, lru_cache
from typing import NamedTuple

from services.moderation.command_names import called
from services.moderation.commands import (
    Actor,
    AddNote,
    Admit,
    Approve,
    AskExtension,
    Claim,
    Close,
    Command,
    Decide,
    DecideAppeal,
    DeclareInadmissible,
    Escalate,
    GrantExtension,
    Hold,
    ImposeInterimMeasure,
    Join,
    KeepInterimMeasure,
    Lapse,
    LapseInformation,
    LiftInterimMeasure,
    Link,
    MarkOutOfCourt,
    OpenAppeal,
    ReceiveAccusedEvidence,
    ReceiveCounterNotice,
    ReceiveEvidence,
    ReceiveInformation,
    RefuseExtension,
    Release,
    Remind,
    Reopen,
    RequestCounterNotice,
    RequestInformation,
    Resume,
    Return,
    Retype,
    Told,
    Withdraw,
)
from services.moderation.guards import (
    accused_known,
    accused_was_asked,
    appeal_to_hear,
    held,
    interim_in_force,
    more_time_possible,
    more_time_was_asked,
    not_own_proposal,
    not_yet_held,
)
from services.moderation.party_words import OUTCOMES
from services.moderation.refusals import (
    AlreadyDecided,
    ClaimedBySomeoneElse,
    LeaseExpired,
    NotClaimed,
    NotInThisState,
    OnHold,
)
from services.moderation.state import LIVE, REVIEW, Case, Status
from services.runtime.problems import Forbidden, NotFound, Refused
from services.runtime.sentences import gettext as _
from services.runtime.sentences import listed, pgettext

Guard = Callable[[Case, Actor, datetime], Refused | None]
Moves = dict[Status, tuple[Status, ...]]
Names = tuple[str, ...]
"""Of commands."""


class Needs(Enum):
    """What a command needs of the case's lease."""

    NOTHING = auto()
    NO_OTHER = auto()  # nobody else may be working on it
    OWN = auto()  # the actor must be working on it


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the state machine.

    `moves` is from where to where; in another state the command is not possible. Where several
    ends stand, the command's content decides. `though_held`: also while the clocks stand still.
    """

    command: type[Command]
    who: frozenset[str]
    moves: Moves
    lease: Needs = Needs.NOTHING
    though_held: bool = False
    guards: tuple[Guard, ...] = ()

    @property
    def name(self) -> str:
        return NAMES[self.command]


def _stay(statuses: Iterable[Status]) -> Moves:
    return {status: (status,) for status in statuses}


def _move(*statuses: Status, to: Status | tuple[Status, ...]) -> Moves:
    return {status: to if isinstance(to, tuple) else (to,) for status in statuses}


def _may(statuses: Iterable[Status], to: Status) -> Moves:
    """They stay, or move `to`."""
    return {status: (status, to) for status in statuses}


_MODERATORS = frozenset({"moderator", "senior_moderator"})
_SENIORS = frozenset({"senior_moderator"})
_OFFICERS = frozenset({"appeals_officer"})
_CLOCK = frozenset({"clock"})
_PARTIES = frozenset({"service"})
"""The service, for what the parties said; who said it was checked before it came to the log."""

_S = Status
_BEGUN = frozenset(Status) - {_S.NEW}
_TO_DECIDE = (_S.UNDER_REVIEW, _S.COUNTER_NOTICE_RECEIVED, _S.COUNTER_NOTICE_LAPSED)
_ASKED = (_S.AWAITING_COUNTER_NOTICE, _S.COUNTER_NOTICE_LAPSED)
_TOLD = (_S.DECIDED, _S.INADMISSIBLE, _S.CLOSED)

_NO_OTHER, _OWN = Needs.NO_OTHER, Needs.OWN

TABLE: tuple[Transition, ...] = (
    # --- complaints come and go
    Transition(Join, _PARTIES, _stay(LIVE) | _move(_S.NEW, to=_S.OPEN), though_held=True),
    Transition(Withdraw, _PARTIES,
        # The case goes on where others complained too, or its severity asks for it.
        _may(LIVE, _S.WITHDRAWN)
        | {_S.INFORMATION_REQUESTED: (_S.INFORMATION_REQUESTED, _S.UNDER_REVIEW, _S.WITHDRAWN)},
        though_held=True),
    Transition(ReceiveEvidence, _PARTIES, _stay(_BEGUN), though_held=True),
    # --- triage
    Transition(Admit, _MODERATORS, _move(_S.OPEN, to=(_S.ADMITTED, _S.UNDER_REVIEW)), _NO_OTHER),
    Transition(DeclareInadmissible, _MODERATORS, _move(_S.OPEN, to=_S.INADMISSIBLE), _NO_OTHER),
    Transition(Retype, _MODERATORS,
        _stay((_S.OPEN, _S.ADMITTED, _S.UNDER_REVIEW, _S.INFORMATION_REQUESTED))
        | _may((_S.COUNTER_NOTICE_RECEIVED, _S.COUNTER_NOTICE_LAPSED), _S.UNDER_REVIEW),
        _NO_OTHER),
    # --- who works on it
    Transition(Claim, _MODERATORS,
        _stay(LIVE - {_S.DECISION_PROPOSED}) | _move(_S.ADMITTED, to=_S.UNDER_REVIEW),
        _NO_OTHER, though_held=True),
    Transition(Claim, _SENIORS, _stay((_S.DECISION_PROPOSED,)), _NO_OTHER, though_held=True),
    Transition(Claim, _OFFICERS, _stay((_S.UNDER_APPEAL,)), _NO_OTHER, guards=(appeal_to_hear,)),
    Transition(Release, _MODERATORS | _OFFICERS, _stay(LIVE | {_S.UNDER_APPEAL}), _OWN,
        though_held=True),
    # --- asking the complainant
    Transition(RequestInformation, _MODERATORS,
        _move(_S.UNDER_REVIEW, to=_S.INFORMATION_REQUESTED), _OWN),
    Transition(ReceiveInformation, _PARTIES,
        # In time and asked for, that is. What comes late is kept and moves nothing.
        _stay(_BEGUN)
        | _move(_S.INFORMATION_REQUESTED, to=(_S.INFORMATION_REQUESTED, _S.UNDER_REVIEW)),
        though_held=True),
    Transition(LapseInformation, _CLOCK, _move(_S.INFORMATION_REQUESTED, to=_S.UNDER_REVIEW)),
    # --- asking the accused
    Transition(RequestCounterNotice, _MODERATORS,
        _move(_S.UNDER_REVIEW, to=_S.AWAITING_COUNTER_NOTICE), _OWN, guards=(accused_known,)),
    Transition(AskExtension, _PARTIES, _stay((_S.AWAITING_COUNTER_NOTICE,)),
        though_held=True, guards=(more_time_possible,)),
    Transition(GrantExtension, _MODERATORS, _stay((_S.AWAITING_COUNTER_NOTICE,)), _NO_OTHER,
        guards=(more_time_possible,)),
    Transition(RefuseExtension, _MODERATORS, _stay((_S.AWAITING_COUNTER_NOTICE,)), _NO_OTHER,
        guards=(more_time_was_asked,)),
    Transition(Remind, _CLOCK, _stay((_S.AWAITING_COUNTER_NOTICE,))),
    Transition(ReceiveCounterNotice, _PARTIES,
        # In time, that is. A late answer, or one read after the decision, moves nothing.
        _stay(_BEGUN) | _may(_ASKED, _S.COUNTER_NOTICE_RECEIVED),
        though_held=True, guards=(accused_was_asked,)),
    Transition(ReceiveAccusedEvidence, _PARTIES, _stay(_BEGUN),
        though_held=True, guards=(accused_was_asked,)),
    Transition(Lapse, _CLOCK, _move(_S.AWAITING_COUNTER_NOTICE, to=_S.COUNTER_NOTICE_LAPSED)),
    # --- meanwhile
    Transition(ImposeInterimMeasure, _MODERATORS, _stay(REVIEW), _OWN),
    Transition(KeepInterimMeasure, _MODERATORS, _stay(REVIEW | {_S.DECISION_PROPOSED}), _NO_OTHER,
        though_held=True, guards=(interim_in_force,)),
    Transition(LiftInterimMeasure, _MODERATORS, _stay(REVIEW | {_S.DECISION_PROPOSED}), _NO_OTHER,
        though_held=True, guards=(interim_in_force,)),
    Transition(Hold, _MODERATORS, _stay(LIVE), _NO_OTHER, though_held=True,
        guards=(not_yet_held,)),
    Transition(Resume, _MODERATORS, _stay(LIVE), _NO_OTHER, though_held=True, guards=(held,)),
    # --- the decision
    Transition(Decide, _MODERATORS, _move(*_TO_DECIDE, to=(_S.DECIDED, _S.DECISION_PROPOSED)),
        _OWN),
    Transition(Approve, _SENIORS, _move(_S.DECISION_PROPOSED, to=_S.DECIDED), _NO_OTHER,
        guards=(not_own_proposal,)),
    Transition(Return, _SENIORS, _move(_S.DECISION_PROPOSED, to=_S.UNDER_REVIEW), _NO_OTHER,
        guards=(not_own_proposal,)),
    # --- and after
    Transition(Told, _PARTIES, _stay((_S.DECIDED, _S.INADMISSIBLE, _S.UNDER_APPEAL))),
    Transition(OpenAppeal, _PARTIES,
        # In time and against what was told, that is. Any other is answered and moves nothing.
        _stay(_BEGUN) | _may(_TOLD, _S.UNDER_APPEAL)),
    Transition(DecideAppeal, _OFFICERS,
        _move(_S.UNDER_APPEAL, to=(_S.DECIDED, _S.INADMISSIBLE, _S.ADMITTED, _S.UNDER_APPEAL)),
        _OWN, guards=(appeal_to_hear,)),
    Transition(Close, _CLOCK, _move(_S.DECIDED, _S.INADMISSIBLE, to=_S.CLOSED)),
    Transition(Reopen, _SENIORS, _move(_S.CLOSED, to=_S.UNDER_REVIEW)),
    # --- flags and notes
    Transition(Escalate, _MODERATORS, _stay(_BEGUN), though_held=True),
    Transition(MarkOutOfCourt, _MODERATORS | _OFFICERS, _stay(_BEGUN), though_held=True),
    Transition(Link, _MODERATORS | _PARTIES, _stay(_BEGUN), though_held=True),
    Transition(AddNote, _MODERATORS | _OFFICERS, _stay(_BEGUN), though_held=True),
)  # fmt: skip

NAMES: dict[type[Command], str] = {
    row.command: re.sub(r"(?<!^)(?=[A-Z])", "-", row.command.__name__).lower() for row in TABLE
}
"""How the API, the console and refusals call each command, e.g. `request-counter-notice`."""

ROWS: dict[type[Command], tuple[Transition, ...]] = {
    row.command: tuple(other for other in TABLE if other.command is row.command) for row in TABLE
}

_MACHINES = _CLOCK | _PARTIES
STAFF_COMMANDS: dict[str, type[Command]] = {
    NAMES[command]: command
    for command, rows in ROWS.items()
    if any(row.who - _MACHINES for row in rows)
}
"""The commands of the API and the console, by their hyphenated names, in their usual order."""


class Allowed(NamedTuple):
    """Whether a command is possible now, and where it is not, why: a sentence for people."""

    command: str
    allowed: bool
    reason: str | None


def allowed(case: Case, by: Actor, *, now: datetime) -> tuple[Allowed, ...]:
    """What `by` may ask of the case at `now`, one row for every command of staff."""
    return tuple(_allowed(case, command, by, now) for command in STAFF_COMMANDS.values())


def _allowed(case: Case, command: type[Command], by: Actor, now: datetime) -> Allowed:
    found = _row_or_refusal(case, command, by, now, alone=False)
    why_not = found.detail if isinstance(found, Refused) else None
    return Allowed(NAMES[command], why_not is None, why_not)


def permit(case: Case, command: type[Command], by: Actor, now: datetime) -> Transition:
    """The row by which `by` may do it. Raises the refusal that stands against the command."""
    found = _row_or_refusal(case, command, by, now, alone=True)
    if isinstance(found, Refused):
        raise found
    return found


def _row_or_refusal(
    case: Case, command: type[Command], by: Actor, now: datetime, *, alone: bool
) -> Transition | Refused:
    """A refusal that stands `alone` names what `by` may do instead; among all commands, the others
    say it."""
    theirs = [row for row in ROWS[command] if by.roles & row.who]
    if not theirs:
        return Forbidden(_not_your_role(NAMES[command]))
    row = next((each for each in theirs if case.status in each.moves), None)
    if row is None:
        return _wrong_state(case, command, _possible(case, by, now) if alone else None)
    if case.held_since is not None and not row.though_held:
        return OnHold(
            _("The case has been on hold since %(since)s. Resume it first.")
            % {"since": case.held_since},
            since=case.held_since.isoformat(),
        )
    if (refusal := _lease_refusal(case, row.lease, by, now)) is not None:
        return refusal
    for guard in row.guards:
        if (refusal := guard(case, by, now)) is not None:
            return refusal
    return row


STATES: dict[Status, str] = {
    _S.NEW: pgettext("the case is …", "new"),
    _S.OPEN: pgettext("the case is …", "open"),
    _S.ADMITTED: pgettext("the case is …", "admitted"),
    _S.INADMISSIBLE: pgettext("the case is …", "inadmissible"),
    _S.UNDER_REVIEW: pgettext("the case is …", "under review"),
    _S.INFORMATION_REQUESTED: pgettext("the case is …", "information requested"),
    _S.AWAITING_COUNTER_NOTICE: pgettext("the case is …", "awaiting counter notice"),
    _S.COUNTER_NOTICE_RECEIVED: pgettext("the case is …", "counter notice received"),
    _S.COUNTER_NOTICE_LAPSED: pgettext("the case is …", "counter notice lapsed"),
    _S.DECISION_PROPOSED: pgettext("the case is …", "decision proposed"),
    _S.DECIDED: pgettext("the case is …", "decided"),
    _S.UNDER_APPEAL: pgettext("the case is …", "under appeal"),
    _S.CLOSED: pgettext("the case is …", "closed"),
    _S.WITHDRAWN: pgettext("the case is …", "withdrawn"),
}


def _possible(case: Case, by: Actor, now: datetime) -> Names:
    """The commands that `by` may give now."""
    rows = _rows(by.roles, case.status)
    free = (row for row in rows if not any(guard(case, by, now) for guard in row.guards))
    return tuple(dict.fromkeys(row.name for row in free))


# With every answer goes what is possible next, two dozen rows of it. Who may do what in which state
# never changes, nor do most of the sentences.
@cache
def _rows(roles: frozenset[str], status: Status) -> tuple[Transition, ...]:
    return tuple(row for row in TABLE if roles & row.who and status in row.moves)


@cache
def _not_your_role(name: str) -> str:
    return _("Your role does not allow “%(command)s”.") % {"command": called(name)}


@lru_cache(2_000)
def _not_while(name: str, status: Status, possible: Names | None) -> str:
    if possible is None:
        return _("Not possible while the case is %(state)s.") % {"state": STATES[status]}
    instead = _("nothing is possible now")
    if possible:
        said = listed([called(each) for each in possible])
        instead = _("possible now: %(commands)s") % {"commands": said}
    return _("“%(command)s” is not possible while the case is %(state)s; %(possible)s.") % {
        "command": called(name),
        "state": STATES[status],
        "possible": instead,
    }


def _wrong_state(case: Case, command: type[Command], possible: Names | None) -> Refused:
    if case.status is Status.NEW:
        return NotFound(_("There is no case with this id."))
    decided = case.status in (Status.DECIDED, Status.UNDER_APPEAL, Status.CLOSED)
    if command is Decide and case.outcome is not None and decided:
        return AlreadyDecided(
            _("The case was decided (%(outcome)s). Decisions are changed on appeal only.")
            % {"outcome": OUTCOMES[case.outcome]},
            state=case.status,
        )
    return NotInThisState(
        _not_while(NAMES[command], case.status, possible),
        state=case.status,
        allowed=list(possible or ()),
    )


def _lease_refusal(case: Case, needs: Needs, by: Actor, now: datetime) -> Refused | None:
    lease = case.lease
    if needs is Needs.NOTHING:
        return None
    if lease is not None and lease.holder != by.id and lease.is_live(now):
        return ClaimedBySomeoneElse(
            _("%(holder)s is working on this case until %(until)s UTC.")
            % {"holder": lease.holder, "until": f"{lease.until:%H:%M}"},
            holder=lease.holder,
            until=lease.until.isoformat(),
        )
    if needs is Needs.NO_OTHER or case.lease_of(by.id, now):
        return None
    if lease is not None and lease.holder == by.id:
        return LeaseExpired(
            _(
                "Your claim ran out at %(until)s UTC. Claim the case again; nothing that you "
                "wrote is lost."
            )
            % {"until": f"{lease.until:%H:%M}"}
        )
    return NotClaimed(_("Claim the case first, so that nobody else works on it at the same time."))
