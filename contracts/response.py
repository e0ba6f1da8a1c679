"""Facts of what the parties answer on a case: the accused's side, and appeals of either.

The aggregate's id is the case's id.
"""

from typing import Literal

from pydantic import AwareDatetime

from contracts.envelope import Contract
from contracts.parties import Evidence, Language


class CounterNoticeSubmitted(Contract):
    """The accused answered. `received_at` is the server's clock at receipt: it alone decides
    whether the answer came in time, in whatever order the facts are read later."""

    type: Literal["CounterNoticeSubmitted"] = "CounterNoticeSubmitted"
    version: Literal[1] = 1
    case_id: str
    by: str
    text: str
    evidence: tuple[Evidence, ...] = ()
    received_at: AwareDatetime


class ExtensionRequested(Contract):
    """The accused asked, before the deadline, for more time to answer."""

    type: Literal["ExtensionRequested"] = "ExtensionRequested"
    version: Literal[1] = 1
    case_id: str
    by: str
    reason: str
    requested_at: AwareDatetime


class EvidenceSupplied(Contract):
    """The accused sent more after the counter-notice. Kept whenever it comes; `received_at`
    decides whether it is marked late."""

    type: Literal["EvidenceSupplied"] = "EvidenceSupplied"
    version: Literal[1] = 1
    case_id: str
    by: str
    text: str = ""
    evidence: tuple[Evidence, ...]
    received_at: AwareDatetime


class AppealLodged(Contract):
    """One party asks for a decision to be looked at again (Digital Services Act, Art. 20).

    Bound to one decision and one appellant: `complaint_id` is the complainant's own complaint,
    None for the accused.
    """

    type: Literal["AppealLodged"] = "AppealLodged"
    version: Literal[1] = 1
    appeal_id: str
    case_id: str
    decision_id: str
    appellant: Literal["complainant", "accused"]
    complaint_id: str | None
    by: str
    text: str
    evidence: tuple[Evidence, ...] = ()
    language: Language
    lodged_at: AwareDatetime


ResponseFact = CounterNoticeSubmitted | ExtensionRequested | EvidenceSupplied | AppealLodged
