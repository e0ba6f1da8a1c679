"""What the accused is shown: what is alleged, what they answered, what was decided and why.

Not who complained, nor how many did, nor what they wrote.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from contracts.case import AppealOpened, CaseFact
from services.moderation import party_words
from services.moderation.center_store import AccusedParts
from services.moderation.kinds import KINDS
from services.moderation.mails import told_when
from services.moderation.party_models import (
    AccusedCaseDetail,
    AccusedCaseSummary,
    Action,
    AppealShown,
    Awaiting,
    DecisionOnAccused,
    ExtensionShown,
    InterimShown,
    MeasureOfDecision,
    MoreEvidence,
    SharedEvidence,
)
from services.moderation.read_models import TimelineEntry
from services.moderation.shown import parts
from services.moderation.shown.standing import finding_shown
from services.moderation.shown.story import Appellant, Extension, Ruling, Story, Told, story_of
from services.moderation.state import Status
from services.runtime.database import Row

ACCUSED = Appellant(None)

_SEEN: dict[str, tuple[str, ...]] = {
    "counter_notice_requested": ("due_at",),
    "counter_notice_reminded": ("due_at",),
    "counter_notice_received": (),
    "counter_notice_late": (),
    "counter_notice_lapsed": (),
    "extension_asked": (),
    "extension_granted": ("due_at",),
    "extension_refused": ("explanation",),
    "accused_evidence_received": (),
    "accused_evidence_late": (),
    "interim_measure_imposed": (),
    "interim_measure_kept": ("explanation",),
    "interim_measure_lifted": ("explanation",),
    "retyped": ("from_type", "to_type"),
    "held": (),
    "resumed": (),
    "note_added": (),
    "decided": ("outcome", "appeal_until"),
    "appeal_opened": (),
    "appeal_rejected": ("explanation",),
    "appeal_decided": ("result", "outcome", "explanation", "appeal_until"),
    "reopened": (),
    "withdrawn": (),
    "closed": (),
}
"""The entries that the accused sees, and the parts of each fact that are told with it."""

_STATES = frozenset(
    {
        Status.AWAITING_COUNTER_NOTICE,
        Status.COUNTER_NOTICE_RECEIVED,
        Status.COUNTER_NOTICE_LAPSED,
        "decided",
        "under_appeal",
        "withdrawn",
        "closed",
    }
)
"""States that the accused is told; in all others somebody looks at the matter."""


def accused_summary(
    row: Row, timeline: Sequence[Row], answers: Sequence[Row]
) -> AccusedCaseSummary:
    story = story_of(timeline)
    return AccusedCaseSummary(**_summary(row, story, _is_answered(story, answers)))


def accused_detail(found: AccusedParts, *, now: datetime) -> AccusedCaseDetail:
    row, answers, timeline, sent, findings, mails = found
    files = f"/api/v1/center/cases/{row['id']}/evidence"
    story = story_of(timeline)
    summary = _summary(row, story, _is_answered(story, answers))
    ruling = story.ruling
    can_answer = summary["can_answer"]
    return AccusedCaseDetail(
        **summary,
        allegation=story.asked.allegation if story.asked else None,
        asked_at=story.asked.at if story.asked else None,
        shared_evidence=tuple(_shared(story, files)),
        answers=tuple(parts.answer(each, row, files) for each in answers),
        answer_url=f"/cases/{row['id']}/answer" if can_answer else None,
        more_evidence=tuple(_more_evidence(story, sent, files)),
        extension=_extension(story, sent),
        interim_measures=tuple(_interim(story)),
        decision=_decision(story, ruling) if ruling and ruling.statement else None,
        earlier_decisions=tuple(_decision(story, each) for each in story.earlier if each.statement),
        findings=tuple(finding_shown(each, now) for each in findings),
        appeals=tuple(_appeals(story, files)),
        notes=tuple(parts.notes(told.fact for told in _since(story))),
        actions=tuple(_actions(row, story, summary, sent, now)),
        timeline=tuple(_timeline(story, mails)),
        version=row["version"],
    )


# --- how it stands --------------------------------------------------------------------------------


def _is_answered(story: Story, answers: Sequence[Row]) -> bool:
    """Whether an answer stands to what is asked now. It stands in the log a moment before the case
    takes note of it: whoever has just answered is not to be asked again."""
    return any(answer["version"] > story.asked_sequence for answer in answers)


def _summary(row: Row, story: Story, answered: bool) -> dict[str, Any]:
    state = row["state"] if row["state"] in _STATES else "under_review"
    if answered and state == Status.AWAITING_COUNTER_NOTICE:
        state = Status.COUNTER_NOTICE_RECEIVED
    ruling = story.ruling if story.ruling and story.ruling.statement else None
    outcome = ruling.outcome if ruling else None
    awaiting = _awaiting(story, str(state))
    return {
        "id": row["id"],
        "number": row["number"],
        "state": str(state),
        "status": party_words.status_for_accused(
            str(state), due_at=awaiting.due_at if awaiting else None, outcome=outcome
        ),
        "on_hold": story.held and awaiting is not None,
        "awaiting": awaiting,
        "type": row["type"],
        "product": parts.listing(row | {"product_link": _bare(row["product_link"])}, row),
        "told_at": row["told_at"],
        "answer_due_at": story.answer_due_at,
        "can_answer": state == Status.AWAITING_COUNTER_NOTICE,
        "answered": answered,
        "outcome": outcome,
    }


def _awaiting(story: Story, state: str) -> Awaiting | None:
    match state:
        case "decided" | "withdrawn" | "closed":
            return None
        case "awaiting_counter_notice":
            who, due = "you", story.answer_due_at
        case "under_appeal":
            dues = [appeal.opened.due_at for appeal in story.open_appeals]
            who, due = "appeals_officer", max(dues, default=None)
        case _:
            who, due = "moderators", story.decide_due_at
    return Awaiting.model_validate({"who": who, "due_at": None if story.held else due})


def _bare(link: str) -> str:
    """Without what follows the path: shared links carry the marks of who shared them."""
    return urlsplit(link)._replace(query="", fragment="").geturl()


# --- what was shown and sent ----------------------------------------------------------------------


def _shared(story: Story, files: str) -> Iterable[SharedEvidence]:
    for file in story.asked.evidence if story.asked else ():
        yield SharedEvidence(
            id=file.id, media_type=file.media_type, size=file.size, url=f"{files}/{file.id}"
        )


def _more_evidence(story: Story, sent: Sequence[Row], files: str) -> Iterable[MoreEvidence]:
    for fact in story.more_evidence:
        yield MoreEvidence(
            at=fact.received_at,
            late=fact.late,
            text=fact.text,
            evidence=parts.items(fact.evidence, files),
        )
    noted = {fact.received_at for fact in story.more_evidence}
    for each in sent:
        if each["kind"] == "evidence" and each["at"] not in noted:
            due = story.answer_due_at
            yield MoreEvidence(
                at=each["at"],
                late=due is not None and each["at"] > due,
                text=each["text"],
                evidence=parts.evidence(each, files),
            )


def _extension(story: Story, sent: Sequence[Row]) -> ExtensionShown | None:
    asked = [
        each
        for each in sent
        if each["kind"] == "extension" and each["version"] > story.asked_sequence
    ]
    known = story.extension
    if known is None:
        if not asked:
            return None
        known = Extension(None)
    reason = known.asked.reason if known.asked else (asked[-1]["text"] if asked else None)
    at = known.asked.at if known.asked else (asked[-1]["at"] if asked else None)
    granted, refused = known.granted, known.refused
    return ExtensionShown(
        state="granted" if granted else "refused" if refused else "asked",
        at=at,
        reason=reason,
        due_at=granted.due_at if granted else None,
        explanation=refused.explanation if refused else None,
    )


# --- what was decided -----------------------------------------------------------------------------


def _interim(story: Story) -> Iterable[InterimShown]:
    for each in story.interim.values():
        yield InterimShown(
            kind=each.imposed.measure.kind,
            at=each.imposed.at,
            recheck_at=each.recheck_at,
            statement=each.imposed.statement,
            lifted_at=each.lifted.at if each.lifted else None,
            lifted_because=each.lifted.explanation if each.lifted else None,
        )


def _decision(story: Story, ruling: Ruling) -> DecisionOnAccused:
    assert ruling.statement is not None
    return DecisionOnAccused(
        id=ruling.id,
        outcome=ruling.outcome,
        statement=ruling.statement,
        measures=tuple(MeasureOfDecision(kind=m.kind, days=m.days) for m in ruling.measures),
        at=ruling.at,
        appeal_until=story.appeal_until(ruling, ACCUSED),
    )


def _appeals(story: Story, files: str) -> Iterable[AppealShown]:
    known = {id(told.fact) for told in _since(story)}
    for appeal in story.appeals.values():
        opened, decided = appeal.opened, appeal.decided
        if id(opened) not in known:
            continue  # about a decision of which the accused was never told
        own = opened.complaint_id is None
        yield AppealShown(
            by="you" if own else "other_side",
            at=opened.at,
            due_at=opened.due_at,
            text=opened.text if own else None,
            evidence=parts.items(opened.evidence, files) if own else (),
            result=decided.result if decided else None,
            explanation=decided.explanation if decided else None,
            decided_at=decided.at if decided else None,
        )
    for refused in story.rejected:
        if refused.appellant == "accused":
            yield parts.not_taken_up(refused)


# --- what can be done -----------------------------------------------------------------------------


def _actions(
    row: Row, story: Story, summary: dict[str, Any], sent: Sequence[Row], now: datetime
) -> Iterable[Action]:
    """The same rules as intake's, which decides: here they choose which doors to show."""
    base = f"/cases/{row['id']}"
    over = summary["state"] in ("decided", "under_appeal", "withdrawn", "closed")
    due = None if story.held else story.answer_due_at
    if summary["can_answer"]:
        yield Action(name="answer", url=f"{base}/answer", until=due)
        in_time = due is None or now <= due
        if in_time and _extension(story, sent) is None:
            yield Action(name="ask_for_time", url=f"{base}/extension", until=due)
    elif story.asked and not over:
        if summary["answered"]:
            yield Action(name="send_evidence", url=f"{base}/evidence")
        else:  # too late: it is kept and shown to the moderators all the same
            yield Action(name="answer", url=f"{base}/answer")
    ruling = story.ruling
    if ruling and ruling.statement and summary["state"] in ("decided", "under_appeal"):
        lodged = [each for each in sent if each["kind"] == "appeal"]
        if parts.may_appeal(story, ruling, ACCUSED, lodged, now):
            url = f"/decisions/{ruling.id}/appeal"
            yield Action(name="appeal", url=url, until=story.appeal_until(ruling, ACCUSED))


# --- what happened --------------------------------------------------------------------------------


def _since(story: Story) -> list[Told]:
    """What happened since the accused was told of the case."""
    since = story.accused_since
    return [told for told in story.told if since is not None and told.sequence >= since]


def _timeline(story: Story, mails: Sequence[Row]) -> Iterable[TimelineEntry]:
    for sequence, fact in _since(story):
        kind = parts.kind_of(fact, KINDS[type(fact)])
        if kind not in _SEEN or not _concerns(fact, kind):
            continue
        data = parts.told_of(fact, _SEEN[kind])
        if isinstance(fact, AppealOpened):
            own = fact.complaint_id is None
            data["appellant"] = "you" if own else "other_side"
        at = parts.time_of(fact)
        text = party_words.happened_to_accused(kind, data)
        told_at = told_when(mails, fact.type, sequence)
        yield TimelineEntry(at=at, kind=kind, text=text, data=data, told_at=told_at)


def _concerns(fact: CaseFact, kind: str) -> bool:
    match kind:
        case "appeal_rejected":
            return getattr(fact, "appellant", None) == "accused"
        case "note_added":
            return getattr(fact, "visibility", "") == "public"
        case _:
            return True
