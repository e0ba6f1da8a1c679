"""Messages to bytes and back, for every version ever written.

A fact's class is its current version. Older ones are lifted step by step by the upcasters; one
golden file per type and version (`golden/`) proves that each can be read for ever.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from contracts.case import CaseFact, CaseStandsElsewhere
from contracts.chat import ChatFact
from contracts.complaint import ComplaintFact
from contracts.envelope import Contract, Meta
from contracts.mail import MailFact, ReaderFact
from contracts.member import MemberFact
from contracts.operator import OperatorFact
from contracts.outgoing import OutgoingFact
from contracts.response import ResponseFact
from contracts.staff import StaffFact

Fact = (
    ComplaintFact
    | ResponseFact
    | CaseFact
    | CaseStandsElsewhere
    | MemberFact
    | MailFact
    | ReaderFact
    | StaffFact
    | ChatFact
    | OperatorFact
    | OutgoingFact
)

UPCASTERS: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""By (type, version): a pure function from that version's JSON to the next version's."""


UNKNOWN_FIELDS: Final = "ignore"
"""How what was written is read (`extra` of pydantic); writing them is forbidden (`Contract`)."""


class Undecodable(ValueError):
    """The bytes are no message of any version known: a poison message."""


class Envelope(Contract):
    """CloudEvents 1.0 attributes; `data` holds the facts of one command, in order."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    actor: str
    correlationid: str
    causationid: str | None = None
    data: tuple[Annotated[Fact, Field(discriminator="type")], ...]


class Message(NamedTuple):
    """One message of the log, decoded: its facts, who made it, and where it stands."""

    sequence: int
    subject: str
    meta: Meta
    facts: tuple[Fact, ...]


_ENVELOPE = TypeAdapter(Envelope)


def encode(*, source: str, subject: str, meta: Meta, facts: tuple[Fact, ...]) -> bytes:
    """The message's JSON. Raises ValueError when there is no fact in it."""
    if not facts:
        raise ValueError("a message without facts says nothing")
    envelope = Envelope(
        id=meta.id,
        source=source,
        type="redress." + subject.split(".", 1)[0],
        subject=subject,
        time=meta.time,
        actor=meta.actor,
        correlationid=meta.correlation,
        causationid=meta.causation,
        data=facts,
    )
    return _ENVELOPE.dump_json(envelope)


def decode(payload: bytes, *, sequence: int) -> Message:
    """The message in `payload`, its facts lifted to their current versions. Fields that a newer
    process has added are passed over; a type or version that is not known is not.

    Raises Undecodable when it cannot be read.
    """
    try:
        envelope = _ENVELOPE.validate_json(payload, extra=UNKNOWN_FIELDS)
    except ValidationError as refused:
        envelope = _upcast(payload, refused)
    meta = Meta(
        envelope.id,
        envelope.time,
        envelope.actor,
        envelope.correlationid,
        envelope.causationid,
    )
    return Message(sequence, envelope.subject, meta, envelope.data)


@lru_cache(500)
def decode_again(payload: bytes, *, sequence: int) -> Message:
    """`decode`, for messages that several readers in a process come to one after the other: the
    reactions to a fact, and whoever reads its aggregate's history then."""
    return decode(payload, sequence=sequence)


def _upcast(payload: bytes, refused: ValidationError) -> Envelope:
    try:
        raw = from_json(payload)
        raw["data"] = [upcast(fact) for fact in raw["data"]]
        return _ENVELOPE.validate_python(raw, strict=False, extra=UNKNOWN_FIELDS)
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise Undecodable(f"{error}; read as the current version: {refused}") from error


def upcast(fact: dict[str, Any]) -> dict[str, Any]:
    """`fact` lifted to the newest version that the upcasters know."""
    while lift := UPCASTERS.get((fact["type"], fact["version"])):
        fact = lift(fact)
    return fact
