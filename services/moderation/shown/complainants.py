"""What a complainant is shown of a complaint, and of the case that it joined."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from contracts.case import AppealOpened, CaseFact
from services.moderation import party_words
from services.moderation.center_store import ComplaintParts
from services.moderation.kinds import KINDS
from services.moderation.mails import told_when
from services.moderation.party_models import (
    Action,
    Addition,
    AppealShown,
    Awaiting,
    CaseOfComplaint,
    ComplaintDetail,
    ComplaintSummary,
    DecisionTold,
    QuestionShown,
)
from services.moderation.policy import Policy
from services.moderation.read_models import TimelineEntry
from services.moderation.shown import parts
from services.moderation.shown.story import Appellant, Question, Ruling, Story, Told, story_of
from services.moderation.state import Status
from services.runtime.database import Row

_SEEN: dict[str, tuple[str, ...]] = {
    "admitted": (),
    "inadmissible": ("explanation", "appeal_until"),
    "counter_notice_requested": ("due_at",),
    "counter_notice_received": (),
    "counter_notice_late": (),
    "counter_notice_lapsed": (),
    "extension_granted": ("due_at",),
    "information_requested": ("due_at",),
    "information_received": (),
    "information_late": (),
    "information_lapsed": (),
    "evidence_added": (),
    "retyped": ("from_type", "to_type"),
    "held": (),
    "resumed": (),
    "note_added": (),
    "decided": ("outcome", "appeal_until"),
    "appeal_opened": (),
    "appeal_rejected": ("explanation",),
    "appeal_decided": ("result", "outcome", "explanation", "appeal_until"),
    "reopened": (),
    "closed": (),
}
"""The entries that a complainant sees, and the parts of each fact that are told with it."""

_OF_ONE = frozenset(
    {
        "information_requested",
        "information_received",
        "information_late",
        "information_lapsed",
        "evidence_added",
        "appeal_rejected",
    }
)
"""What concerns one complainant, and nobody else's business."""

_AS_UNDER_REVIEW = frozenset({"decision_proposed", "information_requested"})
"""Told apart inside the house, or only to somebody else."""


def complaint_summary(
    row: Row, case: Row | None, timeline: Sequence[Row], *, now: datetime
) -> ComplaintSummary:
    return ComplaintSummary(**_summary(row, case, story_of(timeline), now))


def complaint_detail(found: ComplaintParts, *, policy: Policy, now: datetime) -> ComplaintDetail:
    row, case, timeline, lodged, mails = found
    story = story_of(timeline)
    summary = _summary(row, case, story, now)
    files = _files(row)
    moved = (summary["type"], summary["reason"]) != (row["type"], row["reason"])
    rulings = [ruling for ruling in story.earlier if _was_told(ruling, row)]
    now_stands = story.ruling if _shows_ruling(row, case, story) else None
    return ComplaintDetail(
        **summary,
        description=row["description"],
        language=row["language"],
        filed_as=(row["type"], row["reason"]) if moved else None,
        evidence=parts.evidence(_with_the_complaint(row), files),
        additions=tuple(_additions(row, files)),
        case=_case_of(case, summary["state"]) if case else None,
        questions=tuple(_question(each, now) for each in story.questions.get(row["id"], ())),
        decision=_told(row, story, now_stands, policy) if now_stands else None,
        earlier_decisions=tuple(_told(row, story, ruling, policy) for ruling in rulings),
        appeals=tuple(_appeals(row, story, files)),
        notes=tuple(parts.notes(told.fact for told in _since(row, story))),
        withdrawn_at=row["withdrawn_at"],
        actions=tuple(_actions(row, case, story, lodged, now)),
        timeline=tuple(_timeline(row, story, mails)),
        version=max(row["version"], case["version"]) if case else row["version"],
    )


# --- how it stands --------------------------------------------------------------------------------


def _summary(row: Row, case: Row | None, story: Story, now: datetime) -> dict[str, Any]:
    state = _state(row, case, story)
    kept_until = row.get("kept_until")
    awaiting = _awaiting(row, case, story, state)
    ruling = story.ruling if _shows_ruling(row, case, story) else None
    outcome = ruling.outcome if ruling else None
    # One that joined afterwards was filed as what the case had become.
    moved = next((each for each in reversed(story.moved) if each.at >= row["joined_at"]), None)
    return {
        "id": row["id"],
        "number": row["number"],
        "state": state,
        "status": party_words.kept(kept_until)
        if kept_until
        else party_words.status_of_complaint(
            state, due_at=awaiting.due_at if awaiting else None, outcome=outcome
        ),
        "kept_until": kept_until,
        "on_hold": story.held and awaiting is not None,
        "awaiting": awaiting,
        "outcome": outcome,
        "type": moved.to_type if moved else row["type"],
        "reason": moved.reason if moved else row["reason"],
        "product": parts.listing(row, case),
        "filed_at": row["filed_at"],
        "changed_at": max(case["changed_at"], row["filed_at"]) if case else row["filed_at"],
    }


def _state(row: Row, case: Row | None, story: Story) -> str:
    if row["withdrawn_at"] is not None:
        return "withdrawn"
    if case is None or case["state"] == Status.OPEN:
        return "submitted"
    if _open_question(row, story):
        return "information_requested"
    return "under_review" if case["state"] in _AS_UNDER_REVIEW else str(case["state"])


def _open_question(row: Row, story: Story) -> Question | None:
    """What this complainant is asked and has not answered, not even a moment ago."""
    asked = story.questions.get(row["id"], ())
    if not asked or not asked[-1].is_open or asked[-1].lapsed_at or story.ruling:
        return None
    answered = any(
        each["kind"] == "information" and each["sequence"] > asked[-1].sequence
        for each in row["additions"]
    )
    return None if answered else asked[-1]


def _awaiting(row: Row, case: Row | None, story: Story, state: str) -> Awaiting | None:
    if case is None or state in ("withdrawn", "inadmissible", "decided", "closed"):
        return None
    match state:
        case "submitted":
            who, due = "moderators", case["due_at"] if case["due_kind"] == "triage" else None
        case "information_requested":
            question = _open_question(row, story)
            who, due = "you", question.due_at if question else None
        case "awaiting_counter_notice":
            who, due = "accused", story.answer_due_at
        case "under_appeal":
            dues = [appeal.opened.due_at for appeal in story.open_appeals]
            who, due = "appeals_officer", max(dues, default=None)
        case _:
            who, due = "moderators", story.decide_due_at
    return Awaiting.model_validate({"who": who, "due_at": None if story.held else due})


def _case_of(case: Row, state: str) -> CaseOfComplaint:
    return CaseOfComplaint.model_validate(
        {"id": case["id"], "number": case["number"], "state": state}
    )


# --- what was sent --------------------------------------------------------------------------------


def _files(row: Row) -> str:
    return f"/api/v1/center/complaints/{row['id']}/evidence"


def _with_the_complaint(row: Row) -> Row:
    later = {file for addition in row["additions"] for file in addition["files"]}
    return {"evidence": [file for file in row["evidence"] if file["id"] not in later]}


def _additions(row: Row, files: str) -> Iterable[Addition]:
    known = {file["id"]: file for file in row["evidence"]}
    for each in row["additions"]:
        sent = {"evidence": [known[file] for file in each["files"] if file in known]}
        yield Addition(
            kind=each["kind"],
            at=each["at"],
            text=each["text"],
            evidence=parts.evidence(sent, files),
        )


def _question(question: Question, now: datetime) -> QuestionShown:
    answer = question.answer
    if answer is not None:
        state = "late" if answer.late else "answered"
    else:
        state = "lapsed" if question.lapsed_at or now > question.due_at else "open"
    return QuestionShown.model_validate(
        {
            "at": question.asked.at,
            "text": question.asked.question,
            "due_at": question.due_at,
            "state": state,
            "answered_at": answer.at if answer else None,
        }
    )


# --- what was decided -----------------------------------------------------------------------------


def _was_told(ruling: Ruling, row: Row) -> bool:
    """Who joined later, or left before, was not told."""
    return _was_there(row, ruling.sequence)


def _shows_ruling(row: Row, case: Row | None, story: Story) -> bool:
    return case is not None and story.ruling is not None and _was_told(story.ruling, row)


def _told(row: Row, story: Story, ruling: Ruling, policy: Policy) -> DecisionTold:
    until = story.appeal_until(ruling, Appellant(row["id"]))
    statement = ruling.statement
    redress = statement.redress if statement else ()
    if not statement and until:
        redress = policy.redress_texts(until)
    return DecisionTold(
        id=ruling.id,
        outcome=ruling.outcome,
        manifestly_unfounded=ruling.manifestly_unfounded,
        reasons=ruling.reasons,
        ground=statement.ground if statement else None,
        restrictions=statement.restrictions if statement else (),
        redress=redress,
        at=ruling.at,
        appeal_until=until,
    )


def _appeals(row: Row, story: Story, files: str) -> Iterable[AppealShown]:
    for appeal in story.appeals.values():
        opened, decided = appeal.opened, appeal.decided
        own = opened.complaint_id == row["id"]
        yield AppealShown.model_validate(
            {
                "by": _appellant(opened.complaint_id, row["id"]),
                "at": opened.at,
                "due_at": opened.due_at,
                "text": opened.text if own else None,
                "evidence": parts.items(opened.evidence, files) if own else (),
                "result": decided.result if decided else None,
                "explanation": decided.explanation if decided else None,
                "decided_at": decided.at if decided else None,
            }
        )
    for refused in story.rejected:
        if refused.complaint_id == row["id"]:
            yield parts.not_taken_up(refused)


def _appellant(complaint_id: str | None, mine: str) -> str:
    if complaint_id is None:
        return "other_side"
    return "you" if complaint_id == mine else "another_complainant"


# --- what can be done -----------------------------------------------------------------------------


def _actions(
    row: Row, case: Row | None, story: Story, lodged: Sequence[Row], now: datetime
) -> Iterable[Action]:
    """The same rules as intake's, which decides: here they choose which doors to show."""
    if row["withdrawn_at"] is not None:
        return
    base = f"/complaints/{row['id']}"
    state = _state(row, case, story)
    over = state in ("inadmissible", "decided", "closed", "withdrawn")
    if (question := _open_question(row, story)) is not None and not over:
        until = None if story.held else question.due_at
        yield Action(name="answer_question", url=f"{base}/add", until=until)
    elif not over:
        yield Action(name="add_evidence", url=f"{base}/add")
    ruling = story.ruling
    if _shows_ruling(row, case, story) and ruling and state in ("inadmissible", "decided",
                                                                "under_appeal"):  # fmt: skip
        me = Appellant(row["id"])
        if parts.may_appeal(story, ruling, me, lodged, now):
            url = f"/decisions/{ruling.id}/appeal?complaint={row['id']}"
            yield Action(name="appeal", url=url, until=story.appeal_until(ruling, me))
    if not over and state != "under_appeal":
        yield Action(name="withdraw", url=f"{base}/withdraw")


# --- what happened --------------------------------------------------------------------------------


def _was_there(row: Row, sequence: int) -> bool:
    """Whether the complaint was part of the case at that place in the log."""
    joined, left = row["joined_sequence"], row["withdrawn_sequence"]
    return joined is not None and joined <= sequence and (left is None or sequence < left)


def _since(row: Row, story: Story) -> list[Told]:
    """What happened in the case while this complaint was part of it: how the case stands, its state
    tells; what went before, or came after, was not about this complaint."""
    return [told for told in story.told if _was_there(row, told.sequence)]


def _timeline(row: Row, story: Story, mails: Sequence[Row]) -> Iterable[TimelineEntry]:
    yield _entry("submitted", row["filed_at"], {}, told_when(mails, "ComplaintFiled"))
    if row["joined_at"] is not None:
        caught_up = [mail for mail in mails if mail["cause"] == row["joined_sequence"]]
        told_at = min((mail["sent_at"] for mail in caught_up), default=None)
        yield _entry("joined", row["joined_at"], {}, told_at)
    for sequence, fact in _since(row, story):
        kind = parts.kind_of(fact, KINDS[type(fact)])
        if kind not in _SEEN or not _concerns(fact, kind, row["id"]):
            continue
        data = parts.told_of(fact, _SEEN[kind])
        if isinstance(fact, AppealOpened):
            data["appellant"] = _appellant(fact.complaint_id, row["id"])
        yield _entry(kind, parts.time_of(fact), data, told_when(mails, fact.type, sequence))
    if row["withdrawn_at"] is not None:
        told_at = told_when(mails, "ComplaintWithdrawn")
        yield _entry("complaint_left", row["withdrawn_at"], {}, told_at)


def _concerns(fact: CaseFact, kind: str, complaint_id: str) -> bool:
    if kind in _OF_ONE:
        return getattr(fact, "complaint_id", None) == complaint_id
    return kind != "note_added" or getattr(fact, "visibility", "") == "public"


def _entry(
    kind: str, at: datetime, data: dict[str, Any], told_at: datetime | None
) -> TimelineEntry:
    text = party_words.happened_to_complainant(kind, data)
    return TimelineEntry(at=at, kind=kind, text=text, data=data, told_at=told_at)
