"""What may be filed, and what may be answered: pure, with the time given."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from contracts.case import (
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseFact,
    CaseOpened,
    CounterNoticeRequested,
)
from contracts.complaint import ComplaintFiled
from contracts.ids import number
from contracts.parties import Evidence, Person, Product
from contracts.response import CounterNoticeSubmitted
from contracts.taxonomy import taxonomy
from services.intake import checks
from services.intake.language import language_of
from services.intake.profile import Profile
from services.runtime.problems import Invalid, NotFound, Refused


class NotAsked(Refused):
    title = "Nobody has asked for an answer yet"


class AlreadyDecided(Refused):
    title = "The case is decided already"


# --- filing -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sender:
    """Who files. `language` is the account's, None where there is no account."""

    kind: Literal["member", "guest"]
    id: str
    name: str
    email: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class FileComplaint:
    """`language` is the one that the sender named, if any: of the description, and for the mails.
    `evidence` are the files named, None for each that is not there; `dispute` the one that it is
    linked to."""

    complaint_id: str
    product_link: str
    reason: str
    description: str
    sender: Sender
    language: str | None = None
    evidence: tuple[Evidence | None, ...] = ()
    good_faith: bool = False
    dispute: str | None = None


def file(
    command: FileComplaint, *, now: datetime, profile: Profile | None = None
) -> ComplaintFiled:
    """The complaint, filed at `now`, about a product of the marketplace of `profile`.

    Raises Invalid with a sentence for each field that needs another look (Digital Services Act,
    Art. 16(2), says what a notice must have).
    """
    sender = command.sender
    resolution, link_error = checks.link(command.product_link, profile)
    found = taxonomy().find(command.reason)
    name, email = checks.tidy(sender.name), checks.address(sender.email)
    dispute = checks.tidy(command.dispute) if command.dispute else ""
    errors = {
        "product_link": link_error,
        "reason": None if found else checks.unknown_reason(command.reason),
        "description": checks.description(command.description),
        "name": checks.name(name),
        "email": checks.email(email),
        "evidence": checks.evidence(command.evidence),
        "dispute": checks.dispute(dispute),
        "good_faith": checks.good_faith(command.good_faith),
    }
    refuse(errors)
    assert found is not None
    assert resolution.link is not None
    kind, reason = found
    language = command.language or language_of(command.description, sender.language or "en")
    return ComplaintFiled(
        complaint_id=command.complaint_id,
        number=number("C", command.complaint_id),
        product=Product(link=resolution.link, product_id=resolution.product_id),
        complaint_type=kind.code,
        reason=reason.code,
        description=command.description,
        language=language,
        complainant=Person(
            kind=sender.kind,
            id=sender.id,
            name=name,
            email=email,
            language=command.language or sender.language or language,
        ),
        evidence=_present(command.evidence),
        good_faith=True,
        filed_at=now,
        dispute=dispute or None,
    )


# --- answering --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """As much of a case as tells who may answer, and until when."""

    number: str = ""
    accused: str | None = None
    complaint_type: str = ""
    product: Product | None = None
    allegation: str = ""
    due_at: datetime | None = None
    decided: bool = False


NO_CASE: Final = Case()


def evolve(case: Case, fact: CaseFact) -> Case:
    match fact:
        case CaseOpened():
            return replace(
                case,
                number=fact.number,
                accused=fact.accused,
                complaint_type=fact.complaint_type,
                product=fact.product,
            )
        case CounterNoticeRequested():
            return replace(case, due_at=fact.due_at, allegation=fact.allegation)
        case CaseDecided() | CaseDeclaredInadmissible() | CaseClosed():
            return replace(case, decided=True)
        case _:  # another fact of the case: it changes nothing here
            return case


def case_of(facts: Iterable[CaseFact]) -> Case:
    """The case that the facts make, `NO_CASE` when there are none."""
    case = NO_CASE
    for fact in facts:
        case = evolve(case, fact)
    return case


@dataclass(frozen=True, slots=True)
class SubmitCounterNotice:
    """`evidence` are the files named, None for each that is not there."""

    case_id: str
    by: str
    text: str
    evidence: tuple[Evidence | None, ...] = ()


def answerable(case: Case, case_id: str, *, by: str) -> datetime:
    """When the answer of `by` is due. Raises NotFound to whoever is not accused in the case (for
    them there is no such case), NotAsked, or AlreadyDecided."""
    if case.accused is None or case.accused != by:
        raise NotFound(f"There is no case {case_id} in which you could answer.")
    if case.decided:
        raise AlreadyDecided(
            "This case was decided, so it can no longer be answered. "
            "The decision says how to appeal against it."
        )
    if case.due_at is None:
        raise NotAsked(
            "You have not been asked to answer in this case yet. "
            "You will get an e-mail when you are, with the date until which to answer."
        )
    return case.due_at


def answer(case: Case, command: SubmitCounterNotice, *, now: datetime) -> CounterNoticeSubmitted:
    """The answer of the accused, received at `now`; an answer after the deadline is taken too.

    Raises what `answerable` raises, or Invalid.
    """
    answerable(case, command.case_id, by=command.by)
    refuse(
        {
            "text": checks.description(command.text),
            "evidence": checks.evidence(command.evidence),
        }
    )
    return CounterNoticeSubmitted(
        case_id=command.case_id,
        by=command.by,
        text=command.text,
        evidence=_present(command.evidence),
        received_at=now,
    )


def is_late(case: Case, notice: CounterNoticeSubmitted) -> bool:
    """Received at or before the deadline counts; later ones are kept and marked late."""
    return case.due_at is not None and notice.received_at > case.due_at


def refuse(errors: dict[str, str | None]) -> None:
    """Raises Invalid with the sentences given, if there is any."""
    told = [{"field": field, "message": error} for field, error in errors.items() if error]
    if told:
        raise Invalid(told)


def _present(evidence: tuple[Evidence | None, ...]) -> tuple[Evidence, ...]:
    return tuple(each for each in evidence if each is not None)
