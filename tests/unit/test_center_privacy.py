"""Whatever happened in a case, each side is shown what is theirs to know and nothing more (R34).

Histories are made of every fact there is, with secrets in every field that could tell who
complained, or that is internal; then the pages' models are searched for them.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import case as c
from contracts.complaint import (
    ComplaintFiled,
    ComplaintWithdrawn,
    EvidenceAdded,
    InformationSupplied,
)
from contracts.parties import Evidence, Person, Product
from contracts.response import (
    AppealLodged,
    CounterNoticeSubmitted,
    EvidenceSupplied,
    ExtensionRequested,
)
from services.moderation.center_store import AccusedParts, ComplaintParts
from services.moderation.policy import policy
from services.moderation.shown.accused import accused_detail, accused_summary
from services.moderation.shown.complainants import complaint_detail, complaint_summary
from services.runtime.database import Row
from tests.contract.examples import day
from tests.folding import Tables

CASE = "5f0ca5e0000000000000000000000001"
MINE = "c0a0000000000000000000000000000a"
OTHERS = "c0b0000000000000000000000000000b"
START = day(2)
SECRET_OF_MINE = "secret-of-the-first"
SECRET_OF_OTHERS = "secret-of-the-other"
INTERNAL = "secret-of-staff"
ACCUSED_ONLY = "secret-of-the-accused"


def evidence(secret: str) -> Evidence:
    return Evidence(
        id=f"e-{secret}",
        name=f"{secret}.png",
        media_type="image/png",
        size=1,
        sha256="0" * 64,
        uploaded_at=START,
        uploaded_by=f"member:{secret}",
    )


def statement(text: str = "The facts.") -> c.StatementOfReasons:
    ground = c.Ground(kind="contract", reference="4.2", explanation="The rule.")
    return c.StatementOfReasons(facts=text, ground=ground, redress=("Appeal.",))


def filed(complaint_id: str, secret: str) -> ComplaintFiled:
    return ComplaintFiled(
        complaint_id=complaint_id,
        number=f"C-{secret}",
        product=Product(link="https://example.com/item/1.html", product_id="1"),
        complaint_type="SM",
        reason="SM3",
        description=f"{secret} writes",
        language="en",
        complainant=Person(
            kind="member", id=secret, name=f"{secret} name", email=f"{secret}@x.example",
            language="en",
        ),
        evidence=(evidence(secret),),
        good_faith=True,
        filed_at=START,
    )  # fmt: skip


def joined(complaint_id: str, secret: str, at: datetime) -> c.ComplaintJoined:
    return c.ComplaintJoined(
        complaint_id=complaint_id,
        complaint_number=f"C-{secret}",
        complainant=f"member:{secret}",
        reason="SM3",
        language="en",
        joined_at=at,
    )


def _secret(complaint_id: str) -> str:
    return SECRET_OF_MINE if complaint_id == MINE else SECRET_OF_OTHERS


def _of_case(at: datetime, complaint_id: str, appellant: str, flag: bool) -> dict[str, Any]:
    """One of every fact of a case, as moderation writes them."""
    due, secret = at + timedelta(days=7), _secret(complaint_id)
    mine = complaint_id if appellant == "complainant" else None
    author = secret if mine else ACCUSED_ONLY
    by = {"by": INTERNAL, "at": at}
    made = [
        c.CaseAdmitted(**by, decide_due_at=due),
        c.CaseDeclaredInadmissible(**by, decision_id="d0", explanation="Why.", appeal_until=due),
        c.CaseClaimed(**by, until=due),
        c.CaseReleased(**by),
        c.CounterNoticeRequested(
            **by,
            due_at=due,
            allegation="What is alleged.",
            evidence=(c.SharedFile(id="shared", media_type="image/png", size=1),),
        ),
        c.CounterNoticeReceived(
            response_id="r", by="seller", received_at=at, late=flag, text=ACCUSED_ONLY,
            evidence=(evidence(ACCUSED_ONLY),), decide_due_at=due,
        ),
        c.CounterNoticeLapsed(due_at=at, at=at, decide_due_at=due),
        c.CounterNoticeReminded(at=at, due_at=due, which="half"),
        c.ExtensionAsked(by="seller", at=at, reason=ACCUSED_ONLY),
        c.ExtensionGranted(**by, due_at=due),
        c.ExtensionRefused(**by, explanation=ACCUSED_ONLY),
        c.AccusedEvidenceReceived(
            by="seller", received_at=at, late=flag, text=ACCUSED_ONLY,
            evidence=(evidence(ACCUSED_ONLY),),
        ),
        c.InformationRequested(**by, complaint_id=complaint_id, question=secret, due_at=due),
        c.InformationReceived(
            complaint_id=complaint_id, by=f"member:{secret}", at=at, late=flag, text=secret,
            evidence=(evidence(secret),), decide_due_at=due,
        ),
        c.InformationLapsed(complaint_id=complaint_id, due_at=at, at=at, decide_due_at=due),
        c.ComplaintEvidenceAdded(
            complaint_id=complaint_id, by=f"member:{secret}", at=at, text=secret,
            evidence=(evidence(secret),),
        ),
        c.ComplaintLeft(complaint_id=complaint_id, complainant=f"member:{secret}", at=at),
        c.CaseWithdrawn(at=at),
        c.CaseRetyped(
            **by, from_type="SM", to_type="FI", reason="FI1", severity=2, explanation=INTERNAL,
        ),
        c.CaseLinked(**by, case_id=INTERNAL),
        c.CaseEscalated(**by, escalated=flag, reason=INTERNAL),
        c.OutOfCourtMarked(**by, open=flag, reference=INTERNAL),
        c.CaseHeld(**by, reason=INTERNAL),
        c.CaseResumed(**by, answer_due_at=due, information_due_at=due),
        c.NoteAdded(**by, note_id="n", visibility="internal", text=INTERNAL),
        c.NoteAdded(**by, note_id="p", visibility="public", text="For both."),
        c.InterimMeasureImposed(
            **by, measure=c.Measure(id="m", kind="listing_hidden"), recheck_at=due,
            statement=statement(ACCUSED_ONLY),
        ),
        c.InterimMeasureKept(**by, measure_id="m", explanation=ACCUSED_ONLY, recheck_at=due),
        c.InterimMeasureLifted(**by, measure_id="m", explanation=ACCUSED_ONLY),
        c.DecisionProposed(
            **by, decision_id="d", outcome=c.Outcome.UPHELD, statement=statement(INTERNAL),
            review_due_at=due,
        ),
        c.DecisionReturned(**by, decision_id="d", explanation=INTERNAL),
        c.CaseDecided(
            **by, decision_id="d", outcome=c.Outcome.UPHELD, statement=statement(),
            appeal_until=due, proposed_by=INTERNAL,
        ),
        c.AppealOpened(
            appeal_id=f"a-{appellant}", decision_id="d", appellant=appellant, complaint_id=mine,
            by=f"member:{author}", at=at, text=author, evidence=(evidence(author),), due_at=due,
        ),
        c.DecisionToldLate(
            decision_id="d", complaint_id=mine, at=at, appeal_until=due
        ),
        c.AppealRejected(
            appeal_id="late", by=INTERNAL, at=at, explanation=author, appellant=appellant,
            complaint_id=mine,
        ),
        c.AppealDecided(
            appeal_id=f"a-{appellant}", decision_id="d", by=INTERNAL, at=at,
            result="overturned" if flag else "affirmed", explanation="The answer.",
            outcome=c.Outcome.DISMISSED, statement=statement(), appeal_until=due,
            appellant=appellant, complaint_id=mine,
        ),
        c.CaseReopened(**by, ground=INTERNAL, decide_due_at=due),
        c.CaseClosed(at=at),
    ]  # fmt: skip
    return {type(fact).__name__ + getattr(fact, "visibility", ""): fact for fact in made}


def _of_others(at: datetime, complaint_id: str, appellant: str) -> dict[str, tuple[str, Any]]:
    """What intake writes: on the complaint, and on the case's `response` aggregate."""
    secret = _secret(complaint_id)
    mine = complaint_id if appellant == "complainant" else None
    author = secret if mine else ACCUSED_ONLY
    by = f"member:{secret}"
    sent = {"case_id": CASE, "by": "seller", "received_at": at, "text": ACCUSED_ONLY}
    return {
        "added": (
            f"complaint.00.{complaint_id}",
            EvidenceAdded(by=by, text=secret, evidence=(evidence(secret),), added_at=at),
        ),
        "supplied": (
            f"complaint.00.{complaint_id}",
            InformationSupplied(case_id=CASE, by=by, text=secret, supplied_at=at),
        ),
        "withdrawn": (
            f"complaint.00.{complaint_id}",
            ComplaintWithdrawn(by=by, reason=secret, withdrawn_at=at),
        ),
        "answered": (f"response.00.{CASE}", CounterNoticeSubmitted(**sent)),
        "more": (f"response.00.{CASE}", EvidenceSupplied(**sent, evidence=())),
        "time": (
            f"response.00.{CASE}",
            ExtensionRequested(case_id=CASE, by="seller", reason=ACCUSED_ONLY, requested_at=at),
        ),
        "appealed": (
            f"response.00.{CASE}",
            AppealLodged(
                appeal_id="a", case_id=CASE, decision_id="d", appellant=appellant,
                complaint_id=mine, by=f"member:{author}", text=author,
                evidence=(evidence(author),), language="en", lodged_at=at,
            ),
        ),
    }  # fmt: skip


KINDS = [*_of_case(START, MINE, "accused", False), *_of_others(START, MINE, "accused")]


def test_every_fact_of_a_case_takes_part() -> None:
    made = {type(f).__name__ for f in _of_case(START, MINE, "accused", True).values()}
    assert made == {f.__name__ for f in c.CaseFact.__args__} - {"CaseOpened", "ComplaintJoined"}


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """A case of two complaints, and then anything, in any order."""
    opened = c.CaseOpened(
        case_id=CASE, number="K-1", accused="seller", product=Product(link="l", product_id="1"),
        product_title="Phone case", complaint_type="SM", severity=1, policy_version="1",
        opened_at=START, triage_due_at=START,
        listing=c.Listing(price="2.49 EUR", seller_name="A shop"),
    )  # fmt: skip
    log: list[tuple[str, Any]] = [
        (f"complaint.00.{MINE}", filed(MINE, SECRET_OF_MINE)),
        (f"case.00.{CASE}", opened),
        (f"case.00.{CASE}", joined(MINE, SECRET_OF_MINE, START)),
        (f"complaint.00.{OTHERS}", filed(OTHERS, SECRET_OF_OTHERS)),
    ]
    steps = draw(st.lists(st.sampled_from([*KINDS, "joins"]), max_size=25))
    for place, kind in enumerate(steps):
        at = START + timedelta(hours=place)
        complaint_id = draw(st.sampled_from([MINE, OTHERS]))
        appellant = draw(st.sampled_from(["complainant", "accused"]))
        if kind == "joins":
            log.append((f"case.00.{CASE}", joined(OTHERS, SECRET_OF_OTHERS, at)))
            continue
        others = _of_others(at, complaint_id, appellant)
        log.append(
            others[kind]
            if kind in others
            else (
                f"case.00.{CASE}",
                _of_case(at, complaint_id, appellant, draw(st.booleans()))[kind],
            )
        )
    return log


def accused_sees(tables: Tables, now: datetime) -> str | None:
    case = tables.rows["cases"][CASE,]
    if case["told_at"] is None:
        return None
    sent = [row for row in tables.all("sent") if row["complaint_id"] is None]
    answers, timeline = tables.all("answers"), tables.all("timeline")
    shown = accused_detail(AccusedParts(case, answers, timeline, sent, ()), now=now)
    listed = accused_summary(case, timeline, answers)
    return json.dumps([shown.model_dump(mode="json"), listed.model_dump(mode="json")])


def complainant_sees(tables: Tables, complaint_id: str, now: datetime) -> str:
    row, case = tables.rows["complaints"][complaint_id,], None
    timeline: list[Row] = []
    if row["case_id"] is not None:
        case, timeline = tables.rows["cases"][CASE,], tables.all("timeline")
    lodged = [each for each in tables.all("sent") if each["complaint_id"] == complaint_id]
    found = ComplaintParts(row, case, timeline, lodged)
    shown = complaint_detail(found, policy=policy(), now=now)
    listed = complaint_summary(row, case, timeline, now=now)
    return json.dumps([shown.model_dump(mode="json"), listed.model_dump(mode="json")])


@settings(max_examples=300)
@given(histories())
def test_r34_nothing_that_the_accused_is_shown_tells_who_complained(
    log: list[tuple[str, Any]],
) -> None:
    shown = accused_sees(Tables(log), START + timedelta(days=1))
    for secret in (SECRET_OF_MINE, SECRET_OF_OTHERS, MINE, OTHERS, INTERNAL):
        assert shown is None or secret not in shown


@settings(max_examples=300)
@given(histories())
def test_r31_nothing_that_a_complainant_is_shown_is_another_ones_or_internal(
    log: list[tuple[str, Any]],
) -> None:
    shown = complainant_sees(Tables(log), MINE, START + timedelta(days=1))
    assert SECRET_OF_MINE in shown
    for secret in (SECRET_OF_OTHERS, OTHERS, INTERNAL, ACCUSED_ONLY):
        assert secret not in shown
