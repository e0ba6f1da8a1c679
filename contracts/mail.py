"""Facts of the notifier: of one mail to one reader, and of what readers and addresses ask for.

A mail's id follows from the fact told, the reader and the template, so the same fact read twice
finds the mail already queued. A reader's aggregate is named by `reader_key`.
"""

from typing import Literal

from pydantic import AwareDatetime

from contracts.envelope import Contract
from contracts.ids import derived_id
from contracts.parties import Language

Audience = Literal["complainant", "accused", "moderators", "appeals_officers", "customer"]
Duty = Literal["obligatory", "news", "reminder"]
"""What a reader may switch off: reminders; news can be gathered or left to the pages; what the law
or a deadline asks for is always mailed."""


def reader_key(actor: str) -> str:
    """The id of the aggregate of `actor`'s preferences: `member:<id>` or `guest:<id>`."""
    return derived_id("reader", actor)


def address_key(address: str) -> str:
    """The id of the aggregate of an e-mail address, whatever its upper and lower case."""
    return derived_id("address", address.strip().casefold())


class MailQueued(Contract):
    """`params` is all that the template needs: the mail can be rendered again at any time.

    `reader` is who is told (`member:ivan`, `guest:4f…`, `role:moderators`), `fact` the type of what
    is told; with it, `decision_id` says which decision was told. `duty` None: obligatory. `again`
    is the mail that this one repeats, where somebody sent it again. `cause` is where the message
    that it tells of stands in the stream `COMPLAINTS`.
    """

    type: Literal["MailQueued"] = "MailQueued"
    version: Literal[1] = 1
    mail_id: str
    template: str
    language: Language
    to_address: str
    to_name: str
    audience: Audience
    case_id: str | None
    complaint_id: str | None
    params: dict[str, str]
    queued_at: AwareDatetime
    reader: str | None = None
    duty: Duty | None = None
    fact: str | None = None
    decision_id: str | None = None
    again: str | None = None
    cause: int | None = None


class ToldDecision(Contract):
    """The decision that a mail told, and which party: `complaint_id` None is the accused."""

    case_id: str
    decision_id: str
    complaint_id: str | None = None


class MailSent(Contract):
    """The SMTP server took responsibility with a 250; `attempt` counts from 1. `told`: the mail was
    the one that told a party of a decision, so that their time to appeal runs from it."""

    type: Literal["MailSent"] = "MailSent"
    version: Literal[1] = 1
    at: AwareDatetime
    attempt: int
    message_id: str
    reply: str
    told: ToldDecision | None = None


class MailDeferred(Contract):
    """The server said 4xx or was away; tried again not before `retry_at`."""

    type: Literal["MailDeferred"] = "MailDeferred"
    version: Literal[1] = 1
    at: AwareDatetime
    attempt: int
    reason: str
    retry_at: AwareDatetime


class MailBounced(Contract):
    """It will not be tried again: the server said 5xx; or `how` it ended otherwise: a `report` came
    back after the mail was sent, or it was `given_up` after days of trying."""

    type: Literal["MailBounced"] = "MailBounced"
    version: Literal[1] = 1
    at: AwareDatetime
    attempt: int
    reason: str
    how: Literal["report", "given_up"] | None = None


class MailSuppressed(Contract):
    """It is not sent: the `address` bounced for good before; the reader's `preference` says so; it
    is told in a `digest`; or it was told before this ledger began (`replay`)."""

    type: Literal["MailSuppressed"] = "MailSuppressed"
    version: Literal[1] = 1
    at: AwareDatetime
    why: Literal["address", "preference", "digest", "replay"]


class PreferencesSet(Contract):
    """How a reader wants to be told. `language` None: as the account or the complaint says."""

    type: Literal["PreferencesSet"] = "PreferencesSet"
    version: Literal[1] = 1
    reader: str
    by: str
    at: AwareDatetime
    reminders: bool
    news: Literal["each", "digest", "pages"]
    language: Language | None = None


class DigestItemHeld(Contract):
    """News for a reader's next digest, which goes out at `due_at` at the earliest."""

    type: Literal["DigestItemHeld"] = "DigestItemHeld"
    version: Literal[1] = 1
    reader: str
    mail_id: str
    at: AwareDatetime
    due_at: AwareDatetime


class DigestQueued(Contract):
    """The news held until then went into the mail `mail_id`."""

    type: Literal["DigestQueued"] = "DigestQueued"
    version: Literal[1] = 1
    reader: str
    mail_id: str
    items: tuple[str, ...]
    at: AwareDatetime


class NoticesRead(Contract):
    """The reader has seen the notices inside the site, up to the moment `until`."""

    type: Literal["NoticesRead"] = "NoticesRead"
    version: Literal[1] = 1
    reader: str
    until: AwareDatetime


class AddressSuppressed(Contract):
    """Mail to the address comes back for good: none is sent there until it is restored."""

    type: Literal["AddressSuppressed"] = "AddressSuppressed"
    version: Literal[1] = 1
    address: str
    mail_id: str
    reason: str
    at: AwareDatetime


class AddressRestored(Contract):
    type: Literal["AddressRestored"] = "AddressRestored"
    version: Literal[1] = 1
    address: str
    by: str
    at: AwareDatetime


MailFact = MailQueued | MailSent | MailDeferred | MailBounced | MailSuppressed
ReaderFact = (
    PreferencesSet
    | DigestItemHeld
    | DigestQueued
    | NoticesRead
    | AddressSuppressed
    | AddressRestored
)
