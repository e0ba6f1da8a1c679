"""Which timers a fact sets, and what each asks when it fires. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from contracts.case import (
    AppealDecided,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseFact,
    CaseResumed,
    CounterNoticeRequested,
    DecisionToldLate,
    ExtensionGranted,
    InformationRequested,
)
from services.moderation.commands import Close, Lapse, LapseInformation, Remind
from services.moderation.policy import Policy


class Deadline(NamedTuple):
    """At `at`, `command` is to be tried; `due_at` is the deadline that it is about."""

    command: str
    at: datetime
    due_at: datetime


def deadlines(fact: CaseFact, policy: Policy) -> Iterator[Deadline]:
    """The timers that `fact` asks for. Each replaces the case's timer of the same command."""
    match fact:
        case CounterNoticeRequested() | ExtensionGranted():
            yield from _answer(fact.at, fact.due_at, policy)
        case InformationRequested():
            yield Deadline("lapse-information", fact.due_at, fact.due_at)
        case CaseResumed():
            # A deadline that had passed before the hold comes at once.
            yield from _answer(fact.at, fact.answer_due_at or fact.at, policy)
            due = fact.information_due_at or fact.at
            yield Deadline("lapse-information", due, due)
        case CaseDecided() | CaseDeclaredInadmissible() | DecisionToldLate():
            yield Deadline("close", fact.appeal_until, fact.appeal_until)
        case AppealDecided():
            # Another window may end later; the case knows, and the timer is set to it then.
            until = fact.appeal_until or fact.at
            yield Deadline("close", until, until)
        case _:
            pass


def command_of(name: str, due_at: datetime) -> Close | Lapse | LapseInformation | Remind:
    """What the timer of that command asks of its case."""
    match name:
        case "lapse":
            return Lapse()
        case "lapse-information":
            return LapseInformation()
        case "remind-half":
            return Remind(which="half", due_at=due_at)
        case "remind-last-day":
            return Remind(which="last_day", due_at=due_at)
        case "close":
            return Close()
        case _:
            raise LookupError(f"no timer of this service is called {name}")


def _answer(since: datetime, due_at: datetime, policy: Policy) -> Iterator[Deadline]:
    yield Deadline("lapse", due_at, due_at)
    for which, at in policy.reminders(since, due_at).items():
        yield Deadline(f"remind-{which.replace('_', '-')}", at, due_at)
