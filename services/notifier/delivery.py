"""How one mail stands with the SMTP server, and when to try again. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple, assert_never

from contracts.codec import Fact
from contracts.mail import (
    MailBounced,
    MailDeferred,
    MailFact,
    MailQueued,
    MailSent,
    MailSuppressed,
    ToldDecision,
)

BACK_OFF = tuple(timedelta(seconds=s) for s in (1, 5, 30, 120, 600, 3600))
"""Waits after the first, second, … attempt; the last one for all after that."""

PAUSES = tuple(timedelta(seconds=s) for s in (1, 2, 5, 10, 30))
"""How long nobody asks whether a server that was away is back: asking costs next to nothing."""

PROBE = timedelta(seconds=5)
"""How long the others wait for the one that asks."""

GIVE_UP = timedelta(days=3)
"""After this a mail is tried no more (RFC 5321, 4.5.4.1 asks for four or five days at most)."""

JITTER = 0.2
"""Waits vary by this share, so that what failed together does not come back together."""


class Accepted(NamedTuple):
    """250: the server has taken responsibility for the mail."""

    reply: str


class NotNow(NamedTuple):
    """4xx, or the connection broke off: whether the server has the mail may be unknown.

    `until` is when to try again, where that is known; otherwise the back-off says.
    """

    reason: str
    until: datetime | None = None


class Never(NamedTuple):
    """5xx, or there is no address that it could go to."""

    reason: str


Answer = Accepted | NotNow | Never
Outcome = MailSent | MailDeferred | MailBounced


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a mail's own facts say of it. `attempts` are the finished ones."""

    mail: MailQueued | None = None
    attempts: int = 0
    ended: bool = False
    retry_at: datetime | None = None
    returned: bool = False
    """A report came back after it was sent."""


def evolve(delivery: Delivery, fact: MailFact) -> Delivery:
    match fact:
        case MailQueued():
            return replace(delivery, mail=fact)
        case MailDeferred():
            return replace(delivery, attempts=fact.attempt, retry_at=fact.retry_at)
        case MailSent() | MailBounced():
            returned = isinstance(fact, MailBounced) and fact.how == "report"
            return replace(
                delivery, attempts=fact.attempt, ended=True, retry_at=None, returned=returned
            )
        case MailSuppressed():
            return replace(delivery, ended=True, retry_at=None)
        case _:
            assert_never(fact)


def folded(facts: Iterable[Fact]) -> Delivery:
    """How the mail stands whose facts these are."""
    delivery = Delivery()
    for fact in facts:
        assert isinstance(fact, MailFact)
        delivery = evolve(delivery, fact)
    return delivery


def conclude(
    delivery: Delivery, answer: Answer, *, mail_id: str, message_id: str, now: datetime
) -> Outcome:
    """The fact that the server's answer to one more attempt makes."""
    attempt = delivery.attempts + 1
    match answer:
        case Accepted(reply):
            told = told_by(delivery.mail) if delivery.mail else None
            return MailSent(at=now, attempt=attempt, message_id=message_id, reply=reply, told=told)
        case NotNow(reason, _) if overdue(delivery, now):
            return MailBounced(
                at=now,
                attempt=attempt,
                reason=f"Given up after three days: {reason}",
                how="given_up",
            )
        case NotNow(reason, until):
            retry_at = until or now + back_off(mail_id, attempt)
            return MailDeferred(at=now, attempt=attempt, reason=reason, retry_at=retry_at)
        case Never(reason):
            return MailBounced(at=now, attempt=attempt, reason=reason)
        case _:
            assert_never(answer)


DECISIONS = frozenset({"CaseDecided", "CaseDeclaredInadmissible", "AppealDecided"})


def told_by(mail: MailQueued) -> ToldDecision | None:
    """The decision that `mail` tells a party of for the first time, if it does. An appeal that was
    affirmed tells nothing that they had not been told."""
    party = mail.audience in ("complainant", "accused") and mail.again is None
    if not party or mail.fact not in DECISIONS or mail.params.get("result") == "affirmed":
        return None
    if mail.decision_id is None or mail.case_id is None:
        return None
    return ToldDecision(
        case_id=mail.case_id,
        decision_id=mail.decision_id,
        complaint_id=mail.complaint_id if mail.audience == "complainant" else None,
    )


def overdue(delivery: Delivery, now: datetime) -> bool:
    """Whether the mail has waited too long to be tried again."""
    return delivery.mail is not None and now >= delivery.mail.queued_at + GIVE_UP


def back_off(key: str, attempt: int) -> timedelta:
    """How long to wait after attempt number `attempt` (from 1): the same for the same `key`."""
    step = BACK_OFF[min(attempt, len(BACK_OFF)) - 1]
    draw = int.from_bytes(sha256(f"{key}/{attempt}".encode()).digest()[:4]) / 2**32
    return step * (1 + JITTER * (2 * draw - 1))


@dataclass(slots=True)
class Circuit:
    """Keeps all mails from trying a server that is away: one tries, the others wait for it.

    Only failures to open a session count; a refused mail says nothing about the next one.
    """

    failures: int = 0
    closed_until: datetime | None = None

    def wait(self, now: datetime) -> timedelta | None:
        """How long to stay away from the server; None when the caller may try it now."""
        if self.closed_until is None:
            return None
        if now < self.closed_until:
            return self.closed_until - now
        self.closed_until = now + PROBE
        return None

    def failed(self, now: datetime) -> datetime:
        """The server is away; returns when it may be tried again."""
        self.failures += 1
        self.closed_until = now + PAUSES[min(self.failures, len(PAUSES)) - 1]
        return self.closed_until

    def answered(self) -> None:
        self.failures = 0
        self.closed_until = None
