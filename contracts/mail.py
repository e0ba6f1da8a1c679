"""Facts of one mail to one reader. Its id follows from the fact told, the reader and the template,
so the same fact read twice finds the mail already queued."""

from typing import Literal

from pydantic import AwareDatetime

from contracts.envelope import Contract
from contracts.parties import Language


class MailQueued(Contract):
    """`params` is all that the template needs: the mail can be rendered again at any time."""

    type: Literal["MailQueued"] = "MailQueued"
    version: Literal[1] = 1
    mail_id: str
    template: str
    language: Language
    to_address: str
    to_name: str
    audience: Literal["complainant", "accused"]
    case_id: str | None
    complaint_id: str | None
    params: dict[str, str]
    queued_at: AwareDatetime


class MailSent(Contract):
    """The SMTP server took responsibility with a 250; `attempt` counts from 1."""

    type: Literal["MailSent"] = "MailSent"
    version: Literal[1] = 1
    at: AwareDatetime
    attempt: int
    message_id: str
    reply: str


class MailDeferred(Contract):
    """The server said 4xx or was away; tried again not before `retry_at`."""

    type: Literal["MailDeferred"] = "MailDeferred"
    version: Literal[1] = 1
    at: AwareDatetime
    attempt: int
    reason: str
    retry_at: AwareDatetime


class MailBounced(Contract):
    """The server said 5xx: it will not be tried again."""

    type: Literal["MailBounced"] = "MailBounced"
    version: Literal[1] = 1
    at: AwareDatetime
    attempt: int
    reason: str


MailFact = MailQueued | MailSent | MailDeferred | MailBounced
