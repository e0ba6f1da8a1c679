"""Facts of the accused's side of a case. The aggregate's id is the case's id."""

from typing import Literal

from pydantic import AwareDatetime

from contracts.envelope import Contract
from contracts.parties import Evidence


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


ResponseFact = CounterNoticeSubmitted
