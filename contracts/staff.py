"""Facts of the moderators' own desk: what they looked at, kept, worded, read again, did in bulk.

They are about staff and not about a case: no case is decided on them, and a replay of cases does
not read them. They stand in a stream of their own.
"""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime

from contracts.envelope import Contract


class Viewed(Contract):
    """A member of staff was shown something that is not public.

    `case_id` is None for what belongs to no single case; `detail` names it then, for instance the
    member whose record it was. For a file, `detail` is the file's id.
    """

    type: Literal["Viewed"] = "Viewed"
    version: Literal[1] = 1
    what: Literal["case", "file", "member", "audit"]
    case_id: str | None
    detail: str = ""
    by: str
    at: AwareDatetime


class Exported(Contract):
    """Whatever `query` found was handed out as a file."""

    type: Literal["Exported"] = "Exported"
    version: Literal[1] = 1
    what: Literal["cases", "audit", "report"]
    query: str
    format: Literal["csv", "jsonl"]
    by: str
    at: AwareDatetime


class QueueSaved(Contract):
    """A moderator keeps a query under a name; the same id again changes it."""

    type: Literal["QueueSaved"] = "QueueSaved"
    version: Literal[1] = 1
    queue_id: str
    name: str
    query: str
    by: str
    at: AwareDatetime


class QueueForgotten(Contract):
    type: Literal["QueueForgotten"] = "QueueForgotten"
    version: Literal[1] = 1
    queue_id: str
    by: str
    at: AwareDatetime


class BulkCase(Contract):
    """A case as it was when the moderator looked: it is acted on only if it is so still."""

    case_id: str
    case_version: int


class BulkStarted(Contract):
    """A moderator asked for one command on many cases. `body` is the command as JSON; `roles` are
    what the moderator might do at that time."""

    type: Literal["BulkStarted"] = "BulkStarted"
    version: Literal[1] = 1
    bulk_id: str
    command: str
    body: str
    query: str
    cases: tuple[BulkCase, ...]
    by: str
    roles: tuple[str, ...]
    at: AwareDatetime


class BulkCaseSettled(Contract):
    """What the command came to on one case. `reason` says why it was refused."""

    type: Literal["BulkCaseSettled"] = "BulkCaseSettled"
    version: Literal[1] = 1
    bulk_id: str
    case_id: str
    outcome: Literal["done", "refused"]
    reason: str = ""
    at: AwareDatetime


class BulkStopped(Contract):
    """Somebody asked not to go on: what is not settled stays as it is."""

    type: Literal["BulkStopped"] = "BulkStopped"
    version: Literal[1] = 1
    bulk_id: str
    by: str
    at: AwareDatetime


class BulkFinished(Contract):
    """Every case is settled, or it was stopped."""

    type: Literal["BulkFinished"] = "BulkFinished"
    version: Literal[1] = 1
    bulk_id: str
    at: AwareDatetime


class QualityRead(Contract):
    """A second person read a decided case again. It changes nothing in the case."""

    type: Literal["QualityRead"] = "QualityRead"
    version: Literal[1] = 1
    case_id: str
    decision_id: str
    by: str
    verdict: Literal["agree", "differ"]
    note: str = ""
    at: AwareDatetime


class Wording(Contract):
    """What a reason text is called and says in one language. What stands in square brackets is for
    the moderator to fill in."""

    language: str
    title: str
    text: str


class ReasonTextWritten(Contract):
    """A text that decisions may begin with; the same id again changes it, or brings it back.

    For every type of complaint where `complaint_types` is empty.
    """

    type: Literal["ReasonTextWritten"] = "ReasonTextWritten"
    version: Literal[1] = 1
    text_id: str
    complaint_types: tuple[str, ...]
    wordings: tuple[Wording, ...]
    by: str
    at: AwareDatetime


class ReasonTextRetired(Contract):
    """It is offered no more. Decisions that began with it stay as they are."""

    type: Literal["ReasonTextRetired"] = "ReasonTextRetired"
    version: Literal[1] = 1
    text_id: str
    by: str
    at: AwareDatetime


class ReportEntry(Contract):
    """A row of the yearly report that no log can know. `category` says of whom or what, a Member
    State for instance, or `all`; either a number or words."""

    section: str
    indicator: str
    category: str
    value: float | None = None
    text: str = ""


class ReportEntered(Contract):
    """What staff entered into the report of the days from `since` to `until`, both included: all of
    it, in place of what was entered before."""

    type: Literal["ReportEntered"] = "ReportEntered"
    version: Literal[1] = 1
    report_id: str
    since: date
    until: date
    entries: tuple[ReportEntry, ...]
    by: str
    at: AwareDatetime


StaffFact = (
    Viewed
    | Exported
    | QueueSaved
    | QueueForgotten
    | BulkStarted
    | BulkCaseSettled
    | BulkStopped
    | BulkFinished
    | QualityRead
    | ReasonTextWritten
    | ReasonTextRetired
    | ReportEntered
)
