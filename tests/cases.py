"""Given / when / then over the case's decider, so that its tests read as sentences."""

from datetime import UTC, datetime, time, timedelta
from typing import Self

from contracts.case import CaseFact, Outcome
from contracts.ids import derived_id
from contracts.parties import Product
from services.moderation.commands import (
    CLOCK,
    SERVICE,
    Actor,
    Admit,
    CaseCommand,
    Claim,
    Decide,
    Join,
    OpenAppeal,
    ReceiveCounterNotice,
    RequestCounterNotice,
    WantedMeasure,
    Withdraw,
)
from services.moderation.decider import decide
from services.moderation.policy import policy
from services.moderation.state import NEW_CASE, Case, Side, evolve
from services.moderation.transitions import ROWS
from services.runtime.problems import Refused

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def end_of_day(at: datetime) -> datetime:
    """When the UTC day of `at` is over."""
    return datetime.combine(at.date(), time.max, UTC)


MIA = Actor("mia", frozenset({"moderator"}))
SVEN = Actor("sven", frozenset({"senior_moderator"}))
SARA = Actor("sara", frozenset({"senior_moderator"}))
OLGA = Actor("olga", frozenset({"appeals_officer"}))
OTTO = Actor("otto", frozenset({"appeals_officer"}))
IVAN = Actor("ivan", frozenset({"customer"}))
SELLER = "sunrise-store"


def complaint(
    name: str = "Ivan's",
    *,
    reason: str = "SM3",
    accused: str | None = SELLER,
    complainant: str = "member:ivan",
    severity: int = 1,
) -> Join:
    """What a filed complaint asks of its case."""
    return Join(
        case_id=derived_id("case", "of the tests"),
        complaint_id=derived_id("complaint", name),
        complaint_number="C-00000-00000",
        complainant=complainant,
        complaint_type=reason[:2],
        reason=reason,
        severity=severity,
        language="ru",
        product=Product(link="https://example.com/item/1.html", product_id="1"),
        product_title="Phone case",
        accused=accused,
    )


def answer(received_at: datetime, name: str = "the answer") -> ReceiveCounterNotice:
    """What the accused's answer asks of its case."""
    return ReceiveCounterNotice(
        response_id=derived_id("response", name),
        by=SELLER,
        text="The category is right.",
        evidence=(),
        received_at=received_at,
    )


def appeal(
    decision_id: str,
    lodged_at: datetime = MONDAY,
    *,
    by: Side = "accused",
    complaint_name: str = "Ivan's",
    name: str = "the appeal",
) -> OpenAppeal:
    """What an appeal asks of its case."""
    accused = by == "accused"
    return OpenAppeal(
        appeal_id=derived_id("appeal", name),
        decision_id=decision_id,
        appellant=by,
        complaint_id=None if accused else derived_id("complaint", complaint_name),
        by=SELLER if accused else "member:ivan",
        text="It is not so.",
        evidence=(),
        lodged_at=lodged_at,
    )


def withdrawal(name: str = "Ivan's") -> Withdraw:
    return Withdraw(complaint_id=derived_id("complaint", name))


ASK = RequestCounterNotice(allegation="The phone case is listed under Cosmetic bags.")
UPHOLD = Decide(outcome=Outcome.UPHELD, facts="The listing is in the wrong category.")
DISMISS = Decide(outcome=Outcome.DISMISSED, facts="The category is right.")

FREEZE = Decide(
    outcome=Outcome.UPHELD,
    facts="The goods are fakes.",
    measures=(WantedMeasure(kind="account_frozen", days=7),),
)

REVIEWED = (complaint(), Admit(), Claim())
ASKED = (*REVIEWED, ASK)
DECIDED = (*REVIEWED, UPHOLD)


class Story:
    """One case, told command by command."""

    def __init__(self) -> None:
        self.case: Case = NEW_CASE
        self.facts: list[CaseFact] = []
        self.new: list[CaseFact] = []
        self.refusal: Refused | None = None

    def when(self, command: CaseCommand, *, by: Actor | None = None, at: datetime = MONDAY) -> Self:
        """Asks for `command`; who and when matter only where a test says them."""
        self.new, self.refusal = [], None
        try:
            self.new = decide(self.case, command, by=by or _usual(command), now=at, policy=policy())
        except Refused as refused:
            self.refusal = refused
        for fact in self.new:
            self.case = evolve(self.case, fact)
        self.facts += self.new
        return self

    def then(self, *kinds: type[CaseFact]) -> Self:
        """Exactly these facts followed."""
        assert self.refusal is None, self.refusal
        assert tuple(type(fact) for fact in self.new) == kinds
        return self

    def refused(self, kind: type[Refused], saying: str = "") -> Self:
        """The command was turned down by this name, and nothing followed."""
        assert type(self.refusal) is kind, self.refusal or self.new
        assert saying in self.refusal.detail
        return self


def given(*commands: CaseCommand) -> Story:
    """The story so far: each command accepted, from whom it usually comes, on Monday at nine."""
    story = Story()
    for command in commands:
        story.when(command)
        assert story.refusal is None, story.refusal
    return story


def _usual(command: CaseCommand) -> Actor:
    """Who usually sends such a command: the first of the table who may."""
    rows = ROWS[type(command)]
    return next(actor for actor in (MIA, SVEN, OLGA, SERVICE, CLOCK) if actor.roles & rows[0].who)
