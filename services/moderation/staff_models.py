"""What the moderators' own desk shows: saved queues, the audit, bulk actions, figures."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from services.moderation.read_models import CaseSummary, Shown


class SavedQueue(Shown):
    """`query` is that of `/moderation/cases`."""

    id: str
    name: str
    query: Annotated[str, Field(examples=["type=CF&language=ru"])]


class AuditEntry(Shown):
    """`deed`: something done to the case; otherwise something that was looked at or exported."""

    at: datetime
    what: str
    by: str
    case_id: str | None
    number: str | None = None
    detail: str
    deed: bool


class AuditPage(Shown):
    items: tuple[AuditEntry, ...]
    next: str | None


class BulkPreview(Shown):
    """What a bulk action would do: `cases` are the first ones, `refused` counts those among all
    that it would not be possible on just now, by reason."""

    command: str
    total: int
    possible: int
    refused: dict[str, int]
    cases: tuple[CaseSummary, ...]


class Bulk(Shown):
    """A bulk action. Every case is `done`, `refused` (with its reason), or still to come."""

    id: str
    command: str
    query: str
    by: str
    started_at: datetime
    total: int
    done: int
    refused: int
    stopped_by: str | None
    finished_at: datetime | None


class BulkPage(Shown):
    items: tuple[Bulk, ...]
    next: str | None


class BulkCaseShown(Shown):
    case_id: str
    number: str | None
    outcome: Literal["done", "refused"]
    reason: str
    at: datetime


class BulkDetail(Bulk):
    settled: tuple[BulkCaseShown, ...]


class BulkWanted(Shown):
    """One command on every case of a query. `body` is the command's own."""

    command: Annotated[str, Field(examples=["declare-inadmissible"])]
    body: Annotated[dict[str, Any], Field(default_factory=dict)]
    query: Annotated[str, Field(examples=["queue=new&product=1005001"])] = ""


class QualitySample(Shown):
    items: tuple[CaseSummary, ...]


class QualityVerdict(Shown):
    decision_id: str
    verdict: Literal["agree", "differ"]
    note: Annotated[str, Field(max_length=2000)] = ""
