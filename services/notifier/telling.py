"""Who is told what: the table "Tell everyone" of the complaint policy, and nothing else decides it.

Pure: a fact and what its case came to before it go in, the mails to write come out. Three rules
keep every mail with its right reader:

- A fact is told to the complaints that had joined *before* it. One that joins later is told once
  where the case stands then, in the words the others had.
- Each complaint gets its own mail, about its own number, reason and link, also where one person
  filed two.
- Nothing of a complaint goes to the accused: not the complainant, and not the link either, for
  shared links carry the sharer's marks. The accused reads the listing's title and number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple

from contracts.case import (
    CaseAdmitted,
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseOpened,
    ComplaintJoined,
    CounterNoticeLapsed,
    CounterNoticeRequested,
)
from contracts.codec import Fact, Message
from contracts.complaint import ComplaintFiled
from contracts.ids import derived_id

Side = Literal["complainant", "accused"]

QUOTED_CHARACTERS = 2000
"""Longer texts are cut in mails: the page shows all of them."""

LISTING_MEASURES = {"search_demotion", "listing_hidden", "listing_removed", "listing_restriction"}
"""What complainants learn of the measures: those on the information they complained about (Digital
Services Act, Art. 16(5)), not those on the member."""


class Row(NamedTuple):
    """One row of the table. `if_known`: only a reader who was told of the case before."""

    fact: type[Fact]
    side: Side
    template: str
    if_known: bool = False


TABLE: tuple[Row, ...] = (
    Row(ComplaintFiled, "complainant", "receipt"),
    Row(CaseAdmitted, "complainant", "admitted"),
    Row(CaseDeclaredInadmissible, "complainant", "inadmissible"),
    Row(CounterNoticeRequested, "complainant", "counter_notice_requested"),
    Row(CounterNoticeRequested, "accused", "counter_notice_requested"),
    Row(CounterNoticeLapsed, "complainant", "counter_notice_lapsed"),
    Row(CounterNoticeLapsed, "accused", "counter_notice_lapsed"),
    Row(CaseDecided, "complainant", "decided"),
    Row(CaseDecided, "accused", "decided"),
    Row(CaseClosed, "complainant", "closed"),
    Row(CaseClosed, "accused", "closed", if_known=True),
)


class Telling(NamedTuple):
    """One mail to write. `reader` is a complaint's id, or the accused's member id."""

    template: str
    side: Side
    reader: str
    params: dict[str, str]


class Told(NamedTuple):
    """A telling and the id of its mail: the same fact, reader and template make the same mail."""

    telling: Telling
    mail_id: str


@dataclass(frozen=True, slots=True)
class CaseSoFar:
    """What a case came to, as far as it matters to who is told what."""

    number: str = ""
    accused: str | None = None
    accused_knows: bool = False
    listing: str = ""
    complaint_type: str = ""
    complaints: tuple[str, ...] = ()
    standing: CaseAdmitted | CaseDeclaredInadmissible | CaseDecided | None = None
    answer_due_at: datetime | None = None


def evolve(case: CaseSoFar, fact: Fact) -> CaseSoFar:
    """The case after `fact`. Facts that change nothing about who is told what are passed by."""
    match fact:
        case CaseOpened():
            title, product_id = fact.product_title, fact.product.product_id
            return replace(
                case,
                number=fact.number,
                accused=fact.accused,
                listing=" · ".join(part for part in (title, product_id) if part),
                complaint_type=fact.complaint_type,
            )
        case ComplaintJoined():
            return replace(case, complaints=(*case.complaints, fact.complaint_id))
        case CaseAdmitted() | CaseDeclaredInadmissible():
            return replace(case, standing=fact)
        case CaseDecided():
            return replace(case, standing=fact, accused_knows=True)
        case CounterNoticeRequested():
            return replace(case, accused_knows=True, answer_due_at=fact.due_at)
        case _:
            return case


def needs_history(message: Message) -> bool:
    """Whether who is told of the message depends on what its case came to before."""
    told = tuple(row.fact for row in TABLE if row.fact is not ComplaintFiled)
    opens = isinstance(message.facts[0], CaseOpened)
    return not opens and any(isinstance(fact, (*told, ComplaintJoined)) for fact in message.facts)


def plan(message: Message, case: CaseSoFar) -> Iterator[Told]:
    """All mails that a message asks for; `case` is what its case came to before it."""
    for index, fact in enumerate(message.facts):
        for telling in tellings(case, fact):
            mail_id = derived_id(
                "mail", message.subject, message.meta.id, str(index), telling.side,
                telling.reader, telling.template,
            )  # fmt: skip
            yield Told(telling, mail_id)
        case = evolve(case, fact)


def tellings(case: CaseSoFar, fact: Fact) -> Iterator[Telling]:
    """The mails that `fact` asks for; `case` is what the case came to *before* it."""
    if isinstance(fact, ComplaintJoined):
        yield from _catching_up(case, fact)
        return
    for row in TABLE:
        if isinstance(fact, row.fact):
            for reader in _readers(case, fact, row):
                yield Telling(row.template, row.side, reader, params(case, fact, row.side))


def _readers(case: CaseSoFar, fact: Fact, row: Row) -> tuple[str, ...]:
    if isinstance(fact, ComplaintFiled):
        return (fact.complaint_id,)
    if row.side == "complainant":
        return case.complaints
    if case.accused is None or (row.if_known and not case.accused_knows):
        return ()
    return (case.accused,)


def _catching_up(case: CaseSoFar, joined: ComplaintJoined) -> Iterator[Telling]:
    """What a complaint is told that joins a case already admitted or decided. Nothing while the
    case is new: then the receipt says all there is."""
    for row in TABLE:
        if isinstance(case.standing, row.fact) and row.side == "complainant":
            told = params(case, case.standing, row.side)
            yield Telling(row.template, row.side, joined.complaint_id, told)


def params(case: CaseSoFar, fact: Fact, side: Side) -> dict[str, str]:
    """What the template needs of `fact` for readers on `side`: codes and ISO 8601 times, so that
    the mail can be rendered in any language. What is absent is not said."""
    told: dict[str, str | None] = {}
    if side == "accused":
        told = {"number": case.number, "listing": case.listing, "type": case.complaint_type}
    match fact:
        case ComplaintFiled():
            told |= {"filed_at": _iso(fact.filed_at), "description": _own_words(fact)}
        case CaseAdmitted():
            told |= {"due_at": _iso(case.answer_due_at)}
        case CaseDeclaredInadmissible():
            told |= {
                "explanation": clip(fact.explanation),
                "appeal_until": _iso(fact.appeal_until),
            }
        case CounterNoticeRequested():
            told |= {"due_at": _iso(fact.due_at)}
            if side == "accused":
                told |= {"allegation": clip(fact.allegation)}
        case CounterNoticeLapsed():
            told |= {"due_at": _iso(fact.due_at)}
        case CaseDecided():
            told |= _decision(fact, side)
        case _:
            pass
    return {name: value for name, value in told.items() if value is not None}


def _decision(fact: CaseDecided, side: Side) -> dict[str, str | None]:
    statement = fact.statement
    restrictions = [
        each for each in statement.restrictions if side == "accused" or each in LISTING_MEASURES
    ]
    told_unfounded = side == "complainant" and fact.manifestly_unfounded
    return {
        "outcome": fact.outcome.value,
        "manifestly_unfounded": "yes" if told_unfounded else None,
        "decided_at": _iso(fact.at),
        "facts": clip(statement.facts),
        "ground": statement.ground.kind,
        "rule": statement.ground.reference,
        "explanation": clip(statement.ground.explanation),
        "restrictions": " ".join(restrictions),
        "territory": ", ".join(statement.territory),
        "ends_at": _iso(statement.ends_at) if restrictions else None,
        "automated_detection": "yes" if statement.automated_detection else None,
        "automated_decision": "yes" if statement.automated_decision else None,
        "redress": "\n".join(statement.redress),
        "appeal_until": _iso(fact.appeal_until),
    }


def of_complaint(filed: ComplaintFiled) -> dict[str, str]:
    """What every mail to the complainant says of their own complaint. `guest` is the holder of the
    signed link that a guest needs to open it."""
    told = {"number": filed.number, "reason": filed.reason, "product": filed.product.link}
    if filed.complainant.kind == "guest":
        told["guest"] = filed.complainant.id
    return told


def _own_words(filed: ComplaintFiled) -> str | None:
    """The description, for a member's receipt. A guest's address is unproven, and a form that
    mails anybody's text to any address is a spammer's tool: guests read it on the page."""
    return clip(filed.description) if filed.complainant.kind == "member" else None


def clip(text: str) -> str:
    """`text`, cut to `QUOTED_CHARACTERS` with an ellipsis that shows it."""
    return text if len(text) <= QUOTED_CHARACTERS else text[:QUOTED_CHARACTERS].rstrip() + " …"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
