"""What may be filed: pure, with the time given."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.complaint import ComplaintFiled
from contracts.ids import number
from contracts.parties import Evidence, Person, Product
from contracts.taxonomy import taxonomy
from services.intake import checks
from services.intake.decider.refusals import refuse
from services.intake.language import language_of
from services.intake.profile import Profile


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
    chat_id: str | None = None


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
        chat_id=command.chat_id,
    )


def _present(evidence: tuple[Evidence | None, ...]) -> tuple[Evidence, ...]:
    return tuple(each for each in evidence if each is not None)
