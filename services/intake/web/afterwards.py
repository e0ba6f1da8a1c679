"""The pages themselves: what each shows, and what it does."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter

from services.intake import checks
from services.intake.adding import Adding
from services.intake.answering import Answering
from services.intake.appealing import AppealBody, Appealing
from services.intake.decider import accused, appeal, complainant
from services.intake.decider.matter import Case, Sent
from services.intake.parties import Accepted, Delivery, StatementBody, WordsBody
from services.intake.web import labels
from services.intake.web.parties import Desk, Entered, FormPage, Visit, routes
from services.runtime.auth import SignInRequired
from services.runtime.problems import Refused
from services.runtime.sentences import gettext as _


def router(*, desk: Desk, adding: Adding, answering: Answering, appealing: Appealing) -> APIRouter:
    site = APIRouter(include_in_schema=False)
    for page in (
        *_of_the_complainant(adding, desk),
        *_of_the_accused(answering, desk),
        _appeal(appealing, desk),
    ):
        routes(site, page, desk)
    return site


def _of_the_complainant(adding: Adding, desk: Desk) -> tuple[FormPage, ...]:
    async def show_adding(visit: Visit) -> Mapping[str, Any]:
        own = await adding.complaint(visit.id, visit.who)
        complainant.addable(own.complaint, own.case)
        question = complainant.open_question(own.complaint, own.case)
        late = question is not None and own.case.is_late(question.due_at, desk.clock())
        return {
            "filed": own.filed,
            "question": question,
            "late": late,
            # A draft belongs to one question, or to one parcel of files.
            "version": question.asked_at.timestamp() if question else own.complaint.files,
        }

    async def add(visit: Visit, entered: Entered, delivery: Delivery) -> Accepted:
        own = await adding.complaint(visit.id, visit.who)
        asked = complainant.open_question(own.complaint, own.case) is not None
        command = adding.supply_information if asked else adding.add_evidence
        return await command(visit.id, _statement(entered), visit.who, delivery)

    async def show_withdrawal(visit: Visit) -> Mapping[str, Any]:
        own = await adding.complaint(visit.id, visit.who)
        complainant.withdrawable(own.complaint, own.case)
        return {"filed": own.filed, "others": len(own.case.complaints) > 1}

    async def withdraw(visit: Visit, entered: Entered, delivery: Delivery) -> Accepted:
        return await adding.withdraw(visit.id, WordsBody(text=entered.text), visit.who, delivery)

    return (
        FormPage(
            "/complaints/{complaint_id}/add",
            "parties/add.html",
            show_adding,
            add,
            checks.optional,
        ),
        FormPage(
            "/complaints/{complaint_id}/withdraw",
            "parties/withdraw.html",
            show_withdrawal,
            withdraw,
            checks.optional,
        ),
    )


def _of_the_accused(answering: Answering, desk: Desk) -> tuple[FormPage, ...]:
    def alleged(case: Case) -> dict[str, Any]:
        return {
            "case": case,
            "due_at": case.due_at,
            "late": case.is_late(case.due_at, desk.clock()),
            "type_name": labels.type_name(case.complaint_type),
            "address": _address(case),
        }

    async def case_of(visit: Visit) -> Any:
        if not (visit.who.signed_in or visit.who.holds("case", visit.id)):
            raise SignInRequired(_("Sign in to answer."))
        return await answering.case(visit.id, visit.who)

    async def show_answer(visit: Visit) -> Mapping[str, Any]:
        case, sent = await case_of(visit)
        accused.asked(case)
        return alleged(case) | {
            "answers": sent.answers,
            "extendable": _extendable(case, sent, desk.clock()),
        }

    async def answer(visit: Visit, entered: Entered, delivery: Delivery) -> Accepted:
        return await answering.answer(visit.id, _statement(entered), visit.who, delivery)

    async def show_extension(visit: Visit) -> Mapping[str, Any]:
        case, sent = await case_of(visit)
        accused.extendable(case, sent, now=desk.clock())
        return alleged(case)

    async def extend(visit: Visit, entered: Entered, delivery: Delivery) -> Accepted:
        body = WordsBody(text=entered.text)
        return await answering.ask_for_time(visit.id, body, visit.who, delivery)

    async def show_evidence(visit: Visit) -> Mapping[str, Any]:
        case, sent = await case_of(visit)
        accused.suppliable(case, sent)
        return alleged(case) | {"files": sent.files}

    async def supply(visit: Visit, entered: Entered, delivery: Delivery) -> Accepted:
        return await answering.add_evidence(visit.id, _statement(entered), visit.who, delivery)

    def why(text: str) -> str | None:
        return checks.text(text, _("Say why you need more time."))

    return (
        FormPage(
            "/cases/{case_id}/answer",
            "parties/answer.html",
            show_answer,
            answer,
            checks.description,
            by_link=False,
        ),
        FormPage(
            "/cases/{case_id}/extension",
            "parties/extension.html",
            show_extension,
            extend,
            why,
            by_link=False,
        ),
        FormPage(
            "/cases/{case_id}/evidence",
            "parties/evidence.html",
            show_evidence,
            supply,
            checks.optional,
            by_link=False,
        ),
    )


def _appeal(appealing: Appealing, desk: Desk) -> FormPage:
    def complaint_of(visit: Visit) -> str | None:
        return visit.request.query_params.get("complaint")

    async def show(visit: Visit) -> Mapping[str, Any]:
        found = await appealing.decision(visit.id, visit.who, complaint_id=complaint_of(visit))
        appeal.appealable(found.case, found.sent, visit.id, found.appellant, now=desk.clock())
        return {
            "case": found.case,
            "decision": found.decision,
            "appellant": found.appellant,
            "type_name": labels.type_name(found.case.complaint_type),
            "address": _address(found.case),
        }

    async def lodge(visit: Visit, entered: Entered, delivery: Delivery) -> Accepted:
        body = AppealBody(
            text=entered.text, evidence=list(entered.evidence), complaint_id=complaint_of(visit)
        )
        return await appealing.lodge(visit.id, body, visit.who, delivery)

    def wrong(text: str) -> str | None:
        return checks.text(text, _("Say what is wrong with the decision."))

    return FormPage("/decisions/{decision_id}/appeal", "parties/appeal.html", show, lodge, wrong)


def _address(case: Case) -> str:
    """Of what was reported, without what follows the path: shared links carry the marks of who
    shared them, and the accused is not to learn who complained."""
    assert case.product is not None  # the case was opened
    return urlsplit(case.product.link)._replace(query="", fragment="").geturl()


def _extendable(case: Case, sent: Sent, now: datetime) -> bool:
    try:
        accused.extendable(case, sent, now=now)
    except Refused:
        return False
    return True


def _statement(entered: Entered) -> StatementBody:
    return StatementBody(text=entered.text, evidence=list(entered.evidence))
