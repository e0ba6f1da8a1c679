"""A case as its facts tell it to the parties: who was asked what, what was decided, who appealed.

Everything that either side might see is gathered here; `complainants` and `accused` choose from it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Annotated, Any, NamedTuple

from pydantic import Field, TypeAdapter

from contracts.case import (
    AccusedEvidenceReceived,
    AppealDecided,
    AppealOpened,
    AppealRejected,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseFact,
    CaseHeld,
    CaseReopened,
    CaseResumed,
    CaseRetyped,
    ComplaintLeft,
    CounterNoticeRequested,
    DecisionToldLate,
    ExtensionAsked,
    ExtensionGranted,
    ExtensionRefused,
    InformationLapsed,
    InformationReceived,
    InformationRequested,
    InterimMeasureImposed,
    InterimMeasureKept,
    InterimMeasureLifted,
    Measure,
    StatementOfReasons,
)
from contracts.codec import UNKNOWN_FIELDS, upcast
from services.runtime.database import Row


class Appellant(NamedTuple):
    """Who appealed: one complaint's complainant, or (`complaint_id` None) the accused."""

    complaint_id: str | None


class Told(NamedTuple):
    """A fact and where it stands in the log: the order of things, whatever clocks say."""

    sequence: int
    fact: CaseFact


@dataclass(frozen=True, slots=True)
class Ruling:
    """What stands, or stood: a decision, or what an appeal made of it (`of` is who appealed).

    `outcome` is `inadmissible` where no moderator decided; then there is no statement.
    """

    id: str
    sequence: int
    at: datetime
    outcome: str
    reasons: str
    statement: StatementOfReasons | None
    appeal_until: datetime | None
    manifestly_unfounded: bool = False
    measures: tuple[Measure, ...] = ()
    of: Appellant | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What one complainant was asked."""

    asked: InformationRequested
    sequence: int
    due_at: datetime
    answer: InformationReceived | None = None
    lapsed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Still to be answered, also where it is late to."""
        return self.answer is None


@dataclass(frozen=True, slots=True)
class Appeal:
    opened: AppealOpened
    decided: AppealDecided | None = None

    @property
    def by(self) -> Appellant:
        return Appellant(self.opened.complaint_id)


@dataclass(frozen=True, slots=True)
class Interim:
    imposed: InterimMeasureImposed
    recheck_at: datetime
    lifted: InterimMeasureLifted | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    asked: ExtensionAsked | None
    granted: ExtensionGranted | None = None
    refused: ExtensionRefused | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """`answer_due_at` is the accused's deadline as it is now, `decide_due_at` the moderators'."""

    told: tuple[Told, ...] = ()
    asked: CounterNoticeRequested | None = None
    asked_sequence: int = 0
    answer_due_at: datetime | None = None
    decide_due_at: datetime | None = None
    extension: Extension | None = None
    more_evidence: tuple[AccusedEvidenceReceived, ...] = ()
    questions: Mapping[str, tuple[Question, ...]] = field(default_factory=dict)
    told_late: Mapping[tuple[str, Appellant], datetime] = field(default_factory=dict)
    ruling: Ruling | None = None
    earlier: tuple[Ruling, ...] = ()
    appeals: Mapping[str, Appeal] = field(default_factory=dict)
    rejected: tuple[AppealRejected, ...] = ()
    interim: Mapping[str, Interim] = field(default_factory=dict)
    moved: tuple[CaseRetyped, ...] = ()
    left: Mapping[str, datetime] = field(default_factory=dict)
    accused_since: int | None = None
    """From where on in the log the accused knows of the case."""
    held: bool = False
    reopened: bool = False

    def appeal_until(self, ruling: Ruling, who: Appellant) -> datetime | None:
        """Until when `who` may appeal against the ruling: later for who was told late."""
        return self.told_late.get((ruling.id, who), ruling.appeal_until)

    @property
    def open_appeals(self) -> tuple[Appeal, ...]:
        return tuple(appeal for appeal in self.appeals.values() if appeal.decided is None)


EMPTY = Story()


@cache
def _facts() -> TypeAdapter[CaseFact]:
    return TypeAdapter(Annotated[CaseFact, Field(discriminator="type")])


def story_of(timeline: Iterable[Row]) -> Story:
    """The story of one case. `timeline` are its rows, in the order of the log."""
    story = EMPTY
    for row in timeline:
        fact = _facts().validate_python(upcast(row["data"]), strict=False, extra=UNKNOWN_FIELDS)
        story = tell(story, Told(row["sequence"], fact))
    return story


def tell(story: Story, told: Told) -> Story:
    """The story after one more fact."""
    fact = told.fact
    changes: dict[str, Any] = {"told": (*story.told, told)}
    if (due := getattr(fact, "decide_due_at", None)) is not None:
        changes["decide_due_at"] = due
    if story.accused_since is None and isinstance(fact, _TELLS_THE_ACCUSED):
        changes["accused_since"] = told.sequence
    return replace(story, **changes, **_changes(story, told))


_TELLS_THE_ACCUSED = (CounterNoticeRequested, CaseDecided, InterimMeasureImposed)


def _changes(story: Story, told: Told) -> dict[str, Any]:
    match told.fact:
        case CounterNoticeRequested() as fact:
            return {
                "asked": fact,
                "asked_sequence": told.sequence,
                "answer_due_at": fact.due_at,
                "extension": None,
            }
        case ExtensionAsked() | ExtensionGranted() | ExtensionRefused() as fact:
            return _extended(story.extension, fact)
        case AccusedEvidenceReceived() as fact:
            return {"more_evidence": (*story.more_evidence, fact)}
        case InformationRequested() | InformationReceived() | InformationLapsed() as fact:
            asked = _asked(story.questions.get(fact.complaint_id, ()), fact, told.sequence)
            return {"questions": {**story.questions, fact.complaint_id: asked}}
        case (
            CaseRetyped() as fact
        ):  # what is alleged has changed: the accused is asked anew, if at all
            return {"moved": (*story.moved, fact), "asked": None, "answer_due_at": None}
        case CaseHeld():
            return {"held": True}
        case CaseResumed() as fact:
            return _resumed(story, fact)
        case ComplaintLeft() as fact:
            return {"left": {**story.left, fact.complaint_id: fact.at}}
        case InterimMeasureImposed() | InterimMeasureKept() | InterimMeasureLifted() as fact:
            return {"interim": _interim(story.interim, fact)}
        case _:
            return _ruled(story, told)


def _extended(
    before: Extension | None, fact: ExtensionAsked | ExtensionGranted | ExtensionRefused
) -> dict[str, Any]:
    extension = before or Extension(None)
    match fact:
        case ExtensionAsked():
            return {"extension": Extension(fact)}
        case ExtensionGranted():
            return {"extension": replace(extension, granted=fact), "answer_due_at": fact.due_at}
        case ExtensionRefused():
            return {"extension": replace(extension, refused=fact)}


def _asked(
    before: tuple[Question, ...],
    fact: InformationRequested | InformationReceived | InformationLapsed,
    sequence: int,
) -> tuple[Question, ...]:
    if isinstance(fact, InformationRequested):
        return (*before, Question(fact, sequence, fact.due_at))
    if not before:
        return before
    if isinstance(fact, InformationReceived):
        return (*before[:-1], replace(before[-1], answer=fact))
    return (*before[:-1], replace(before[-1], lapsed_at=fact.at))


def _resumed(story: Story, fact: CaseResumed) -> dict[str, Any]:
    due = fact.information_due_at
    moved = {
        complaint: tuple(replace(q, due_at=due if due and q.is_open else q.due_at) for q in asked)
        for complaint, asked in story.questions.items()
    }
    return {
        "held": False,
        "answer_due_at": fact.answer_due_at or story.answer_due_at,
        "questions": moved,
    }


def _interim(
    before: Mapping[str, Interim],
    fact: InterimMeasureImposed | InterimMeasureKept | InterimMeasureLifted,
) -> Mapping[str, Interim]:
    if isinstance(fact, InterimMeasureImposed):
        return {**before, fact.measure.id: Interim(fact, fact.recheck_at)}
    known = before.get(fact.measure_id)
    if known is None:
        return before
    if isinstance(fact, InterimMeasureKept):
        return {**before, fact.measure_id: replace(known, recheck_at=fact.recheck_at)}
    return {**before, fact.measure_id: replace(known, lifted=fact)}


def _ruled(story: Story, told: Told) -> dict[str, Any]:
    """Decisions, appeals, and cases that are opened again."""
    match told.fact:
        case CaseDeclaredInadmissible() as fact:
            return _now(
                story,
                Ruling(
                    id=fact.decision_id,
                    sequence=told.sequence,
                    at=fact.at,
                    outcome="inadmissible",
                    reasons=fact.explanation,
                    statement=None,
                    appeal_until=fact.appeal_until,
                ),
            )
        case CaseDecided() as fact:
            return _now(
                story,
                Ruling(
                    id=fact.decision_id,
                    sequence=told.sequence,
                    at=fact.at,
                    outcome=str(fact.outcome),
                    reasons=fact.statement.facts,
                    statement=fact.statement,
                    appeal_until=fact.appeal_until,
                    manifestly_unfounded=fact.manifestly_unfounded,
                    measures=fact.measures,
                ),
            )
        case AppealOpened() as fact:
            return {"appeals": {**story.appeals, fact.appeal_id: Appeal(fact)}}
        case DecisionToldLate() as fact:
            key = (fact.decision_id, Appellant(fact.complaint_id))
            return {"told_late": {**story.told_late, key: fact.appeal_until}}
        case AppealRejected() as fact:
            return {"rejected": (*story.rejected, fact)}
        case AppealDecided() as fact:
            return _appeal_decided(story, fact, told.sequence)
        case CaseReopened():
            return {**_now(story, None), "reopened": True}
        case _:
            return {}


def _appeal_decided(story: Story, fact: AppealDecided, sequence: int) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if (appeal := story.appeals.get(fact.appeal_id)) is not None:
        changes["appeals"] = {**story.appeals, fact.appeal_id: replace(appeal, decided=fact)}
    if fact.result == "affirmed":
        return changes
    if fact.outcome is None or fact.statement is None:  # admitted after all, and still to decide
        return {**changes, **_now(story, None)}
    ruling = Ruling(
        id=fact.appeal_id,
        sequence=sequence,
        at=fact.at,
        outcome=str(fact.outcome),
        reasons=fact.statement.facts,
        statement=fact.statement,
        appeal_until=fact.appeal_until,
        measures=fact.measures,
        of=Appellant(fact.complaint_id) if appeal is None else appeal.by,
    )
    return {**changes, **_now(story, ruling)}


def _now(story: Story, ruling: Ruling | None) -> dict[str, Any]:
    """`ruling` stands from now on, and what stood before has stood."""
    earlier = (*story.earlier, story.ruling) if story.ruling else story.earlier
    return {"ruling": ruling, "earlier": earlier}
