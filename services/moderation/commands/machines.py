"""What the log and the clock ask of a case: what the parties said, and deadlines that came."""

from datetime import datetime
from typing import Literal

from contracts.case import Listing
from contracts.parties import Evidence, Product
from services.moderation.commands.base import Command


class Join(Command):
    """A complaint about the accused, product and type of this case was filed.

    `linked_to` is the case whose appeal is under way, where this one is opened beside it.
    """

    case_id: str
    complaint_id: str
    complaint_number: str
    complainant: str
    complaint_type: str
    reason: str
    severity: int
    language: str
    product: Product
    product_title: str | None
    listing: Listing | None = None
    accused: str | None
    linked_to: str | None = None


class Withdraw(Command):
    """A complainant took a complaint of this case back."""

    complaint_id: str


class ReceiveEvidence(Command):
    """A complainant sent more files."""

    complaint_id: str
    by: str
    text: str
    evidence: tuple[Evidence, ...]
    at: datetime


class ReceiveInformation(Command):
    """A complainant answered what was asked."""

    complaint_id: str
    by: str
    text: str
    evidence: tuple[Evidence, ...]
    received_at: datetime


class ReceiveCounterNotice(Command):
    """The accused's answer stands in the log."""

    response_id: str
    by: str
    text: str
    evidence: tuple[Evidence, ...]
    received_at: datetime


class ReceiveAccusedEvidence(Command):
    """The accused sent more than the counter-notice."""

    by: str
    text: str
    evidence: tuple[Evidence, ...]
    received_at: datetime


class AskExtension(Command):
    """The accused asked for more time."""

    by: str
    reason: str
    requested_at: datetime


class OpenAppeal(Command):
    """A party asks for a decision to be looked at again."""

    appeal_id: str
    decision_id: str
    appellant: Literal["complainant", "accused"]
    complaint_id: str | None
    by: str
    text: str
    evidence: tuple[Evidence, ...]
    lodged_at: datetime


class Told(Command):
    """The mail that tells a party of a decision went out; `complaint_id` None: the accused."""

    decision_id: str
    complaint_id: str | None
    at: datetime


class Remind(Command):
    """Half of the time to answer by `due_at` has passed, or all but the last day."""

    which: Literal["half", "last_day"]
    due_at: datetime


class Lapse(Command):
    """The time to answer is over."""


class LapseInformation(Command):
    """The time to add information is over."""


class Close(Command):
    """The time to appeal is over."""


MachineCommand = (
    Join
    | Withdraw
    | ReceiveEvidence
    | ReceiveInformation
    | ReceiveCounterNotice
    | ReceiveAccusedEvidence
    | AskExtension
    | OpenAppeal
    | Told
    | Remind
    | Lapse
    | LapseInformation
    | Close
)
