"""Settings of the notifier."""

from email.utils import parseaddr
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple, Self

from pydantic import SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from contracts.mail import Audience
from services.notifier.composing import Sender, Unaddressable, deliverable
from services.runtime import settings


class Desk(NamedTuple):
    """Where staff of one role are reached."""

    address: str
    language: str


class Settings(settings.Settings):
    """`mail_from` is written `Name <address>`; `mail_domain` stands in every Message-ID and in
    EHLO, and is the domain of `mail_from` unless set. `maildir` is where the embedded mailbox
    keeps what it receives; without it there is no mailbox page."""

    # An empty variable is one that is not set: compose knows no other way to leave one out.
    model_config = SettingsConfigDict(env_ignore_empty=True)
    service: ClassVar[str] = "notifier"
    port: int = 8103
    niceness: int = 10
    """A mail may take a second longer, so that a page does not."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = 2525
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_tls: Literal["none", "starttls", "implicit"] = "none"
    smtp_ca: Path | None = None
    """Certificates to trust beside the system's, for a server with one of its own making."""
    smtp_sessions: int = 8
    smtp_sessions_per_domain: int = 6
    """At most so many of them send to one domain, so that a slow one holds up nobody else's."""
    smtp_timeout: float = 60.0
    smtp_data_timeout: float = 600.0
    """Seconds; RFC 5321, 4.5.3.2.6 asks for ten minutes after the final dot."""

    mail_from: str = "Complaint Centre <complaints@redress.localhost>"
    mail_reply_to: str | None = None
    mail_domain: str = ""
    mail_bounces: str | None = None
    """Where reports of undeliverable mails come in, e.g. `bounces@market.example`: each mail's
    envelope sender is `bounces+<mail id>@…`."""
    bounce_port: int | None = None
    """Where reports of undeliverable mails are taken, by LMTP or SMTP; None: nowhere."""

    dkim_selector: str | None = None
    dkim_domain: str = ""
    dkim_key: Path | None = None
    """Signs every mail (RFC 6376): the private key in PEM, or for Ed25519 (RFC 8463) its seed in
    base64. The domain is that of `mail_from` unless set."""

    maildir: Path | None = None

    moderators_address: str | None = None
    appeals_officers_address: str | None = None
    """Where staff are told what concerns them; without it they see it in the console only."""
    staff_language: str = "en"

    @model_validator(mode="after")
    def _addresses(self) -> Self:
        name, address = parseaddr(self.mail_from)
        try:
            deliverable(address)
            for other in (self.mail_reply_to, self.mail_bounces):
                if other:
                    deliverable(other)
        except Unaddressable as error:
            raise ValueError(f"REDRESS_MAIL_FROM, …REPLY_TO or …BOUNCES: {error}") from error
        domain = address.rpartition("@")[2]
        self.mail_domain = self.mail_domain or domain
        self.dkim_domain = self.dkim_domain or domain
        if bool(self.dkim_selector) != bool(self.dkim_key):
            raise ValueError("REDRESS_DKIM_SELECTOR and REDRESS_DKIM_KEY: both, or neither.")
        if not name:
            self.mail_from = f"{address} <{address}>"
        return self

    @property
    def desks(self) -> dict[Audience, Desk]:
        addresses: dict[Audience, str | None] = {
            "moderators": self.moderators_address,
            "appeals_officers": self.appeals_officers_address,
        }
        return {
            role: Desk(address, self.staff_language)
            for role, address in addresses.items()
            if address
        }

    @property
    def sender(self) -> Sender:
        name, address = parseaddr(self.mail_from)
        return Sender(name, address, self.mail_domain, self.mail_reply_to, self.mail_bounces)
