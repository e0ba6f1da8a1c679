"""Facts of a complaint: what one complainant files about one product (the law's *notice*)."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from contracts.envelope import Contract
from contracts.parties import Evidence, Language, Person, Product


class ComplaintFiled(Contract):
    """A complainant submitted a complaint (Digital Services Act, Art. 16(2)).

    `description` is in the complainant's own words and language, never altered. `good_faith` is
    the statement that Art. 16(2)(d) asks for.
    """

    type: Literal["ComplaintFiled"] = "ComplaintFiled"
    version: Literal[1] = 1
    complaint_id: str
    number: str
    product: Product
    complaint_type: Annotated[str, Field(examples=["SM"])]
    reason: Annotated[str, Field(examples=["SM3"])]
    description: str
    language: Language
    complainant: Person
    evidence: tuple[Evidence, ...] = ()
    good_faith: Literal[True]
    filed_at: AwareDatetime
    dispute: str | None = None
    """A dispute on the order that the complainant lost or opened, if any (policy, rule 7)."""
    chat_id: str | None = None
    """The support chat from which it was filed; its transcript is among the evidence."""


class EvidenceAdded(Contract):
    """The complainant sent more files after filing."""

    type: Literal["EvidenceAdded"] = "EvidenceAdded"
    version: Literal[1] = 1
    by: str
    text: str = ""
    evidence: tuple[Evidence, ...]
    added_at: AwareDatetime


class InformationSupplied(Contract):
    """The complainant answered what a moderator asked. The clock of receipt decides whether in
    time."""

    type: Literal["InformationSupplied"] = "InformationSupplied"
    version: Literal[1] = 1
    case_id: str
    by: str
    text: str
    evidence: tuple[Evidence, ...] = ()
    supplied_at: AwareDatetime


class ComplaintWithdrawn(Contract):
    """The complainant took it back. Its case may go on without it."""

    type: Literal["ComplaintWithdrawn"] = "ComplaintWithdrawn"
    version: Literal[1] = 1
    by: str
    reason: str = ""
    withdrawn_at: AwareDatetime


class GuestLinkAsked(Contract):
    """Somebody typed the guest's address and wants the link that opens all complaints filed with
    it. The link is mailed to that address alone, and holds until `holds_until`."""

    type: Literal["GuestLinkAsked"] = "GuestLinkAsked"
    version: Literal[1] = 1
    guest: str
    """The guest's id, as in `Person.id`."""
    asked_at: AwareDatetime
    holds_until: AwareDatetime


ComplaintFact = (
    ComplaintFiled | EvidenceAdded | InformationSupplied | ComplaintWithdrawn | GuestLinkAsked
)
