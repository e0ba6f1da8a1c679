"""The envelope of every message in the log: CloudEvents 1.0, structured JSON.

One message is what one command did to one aggregate: its `data` holds the facts, in order.
"""

from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from contracts.ids import partition


class Contract(BaseModel):
    """Base of everything written to the log: immutable, nothing unknown let through. Readers pass
    over what they do not know (`codec.UNKNOWN_FIELDS`)."""

    # What is refused may be personal, and the refusal is logged.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


Kind = Literal[
    "complaint",
    "response",
    "case",
    "member",
    "mail",
    "reader",
    "staff",
    "chat",
    "operator",
    "outgoing",
]


class Aggregate(Contract):
    """One consistency boundary: it has one subject in the log, and one writer context."""

    kind: Kind
    id: Annotated[str, Field(pattern=r"^[0-9a-z-]{1,64}$")]

    @property
    def subject(self) -> str:
        """`<kind>.<partition>.<id>`, the aggregate's own subject."""
        return f"{self.kind}.{partition(self.id):02d}.{self.id}"


def aggregate_of(subject: str) -> Aggregate:
    """The aggregate that a subject names. Raises ValueError when it names none."""
    kind, _, identifier = subject.split(".", 2)
    return Aggregate.model_validate({"kind": kind, "id": identifier})


class Meta(NamedTuple):
    """Who made a message, when, and because of what.

    `id` is the command's id: the same command repeated has the same id, which is how the log and
    the event store recognise it. `actor` is `<kind>:<id>`, for instance `guest:4f…`, `member:ivan`,
    `moderator:mia`, or `clock:timer`, `service:moderation` where nobody acted in person.
    """

    id: str
    time: datetime
    actor: str
    correlation: str
    causation: str | None = None


def caused_by(meta: Meta, *, command: str, time: datetime, actor: str) -> Meta:
    """The meta of a command that follows from a message: it keeps the correlation."""
    return Meta(id=command, time=time, actor=actor, correlation=meta.correlation, causation=meta.id)
