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


ComplaintFact = ComplaintFiled
