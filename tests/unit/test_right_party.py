"""Mails and pages go to the right party when complaints joined, were moved to another type, were
split by an appeal or withdrawn: where other systems are known to tell the wrong one.

What happens is decided by moderation's own decider; its facts are told by the notifier's plan, and
folded into the rows that the Complaint Center shows. R31, R32, R34.
"""

import json
from typing import Any, Self

import pytest

from contracts.case import Outcome
from contracts.complaint import ComplaintWithdrawn
from contracts.envelope import Aggregate
from contracts.ids import derived_id
from contracts.parties import Person
from services.moderation.center_store import AccusedParts, ComplaintParts
from services.moderation.commands import (
    Admit,
    CaseCommand,
    Claim,
    DecideAppeal,
    DeclareInadmissible,
    Join,
    Retype,
    Ruling,
    Withdraw,
)
from services.moderation.party_models import AccusedCaseDetail, ComplaintDetail
from services.moderation.policy import policy
from services.moderation.shown.accused import accused_detail
from services.moderation.shown.complainants import complaint_detail
from services.notifier.so_far import Before
from services.notifier.telling import plan
from tests.cases import (
    ASK,
    DISMISS,
    MINUTE,
    MONDAY,
    OLGA,
    SELLER,
    UPHOLD,
    Story,
    answer,
    appeal,
    complaint,
    withdrawal,
)
from tests.folding import Tables
from tests.telling import filed, message

CASE = Aggregate(kind="case", id=complaint().case_id)
NAMES = {derived_id("complaint", name): name for name in ("Ivan's", "Layla's", "Omar's")}
MOVE = Retype(reason="CF1", explanation="It is a fake.")
OVERTURN = DecideAppeal(
    appeal_id=derived_id("appeal", "the appeal"),
    result="overturned",
    explanation="The pictures show it.",
    ruling=Ruling(outcome=Outcome.UPHELD, facts="It stands in the wrong category."),
)
AFFIRM = OVERTURN.model_copy(update={"result": "affirmed", "ruling": None})

Told = set[tuple[str, str]]


class House:
    """A case, what was mailed because of its last command, and what everybody's page shows."""

    def __init__(self) -> None:
        self.story = Story()
        self.before = Before()
        self.log: list[tuple[str, Any]] = []
        self.mailed: Told = set()

    def when(self, *commands: CaseCommand) -> Self:
        """Each from whom it usually comes, a minute after the one before; officers claim."""
        for command in commands:
            at = MONDAY + len(self.log) * MINUTE
            if isinstance(command, Join):
                self._filed(command)
            by = OLGA if isinstance(command, DecideAppeal) else None
            if by is not None:
                self._say(Claim(), by, at)
            self._say(command, by, at)
        return self

    def _say(self, command: CaseCommand, by: Any, at: Any) -> None:
        self.story.when(command, by=by, at=at)
        assert self.story.refusal is None, self.story.refusal
        self.mailed = set()
        if isinstance(command, Withdraw):
            taken_back = ComplaintWithdrawn(by="member:x", withdrawn_at=at)
            self._tell(Aggregate(kind="complaint", id=command.complaint_id), taken_back)
        if self.story.new:
            self._tell(CASE, *self.story.new)

    def _filed(self, command: Join) -> None:
        name = NAMES[command.complaint_id].removesuffix("'s")
        who = Person(
            kind="member", id=name.lower(), name=name, email="a@example.org", language="en"
        )
        fact = filed(who, name=command.complaint_id, description=f"{name} saw it.").model_copy(
            update={"complaint_type": command.complaint_type, "reason": command.reason}
        )
        self._tell(Aggregate(kind="complaint", id=command.complaint_id), fact)

    def _tell(self, of: Aggregate, *facts: Any) -> None:
        said = message(*facts, of=of, sequence=len(self.log) + 1)
        for telling, _ in plan(said, self.before):
            if telling.side in ("complainant", "accused"):
                reader = NAMES.get(telling.reader, telling.reader)
                self.mailed.add((reader, telling.template))
        for fact in facts:
            if of == CASE:
                self.before = self.before.evolved(fact)
            self.log.append((of.subject, fact))

    def page_of(self, name: str) -> ComplaintDetail:
        tables = Tables(self.log)
        complaint_id = derived_id("complaint", name)
        lodged = [each for each in tables.all("sent") if each["complaint_id"] == complaint_id]
        case = tables.rows["cases"][CASE.id,]
        row = tables.rows["complaints"][complaint_id,]
        found = ComplaintParts(row, case, tables.all("timeline"), lodged)
        return complaint_detail(found, policy=policy(), now=MONDAY + len(self.log) * MINUTE)

    def page_of_accused(self) -> AccusedCaseDetail | None:
        """None while they do not know of the case."""
        tables = Tables(self.log)
        case = tables.rows["cases"][CASE.id,]
        if case["told_at"] is None:
            return None
        found = AccusedParts(case, tables.all("answers"), tables.all("timeline"), [], ())
        return accused_detail(found, now=MONDAY + len(self.log) * MINUTE)

    def may(self, name: str) -> set[str]:
        return {action.name for action in self.page_of(name).actions}


IVANS = complaint("Ivan's", complainant="member:ivan")
LAYLAS = complaint("Layla's", complainant="member:layla")


def house(*commands: CaseCommand) -> House:
    return House().when(*commands)


@pytest.fixture
def joined() -> House:
    return house(IVANS, LAYLAS, Admit(), Claim())


def test_of_joined_complaints_each_is_told_of_their_own_and_nobody_of_the_others(
    joined: House,
) -> None:
    joined.when(UPHOLD)
    assert joined.mailed == {
        ("Ivan's", "decided"),
        ("Layla's", "decided"),
        (SELLER, "decided"),
    }
    for mine, other in (("Ivan's", "Layla's"), ("Layla's", "Ivan's")):
        page = joined.page_of(mine)
        assert page.outcome == "upheld"
        assert "appeal" in joined.may(mine)
        shown = json.dumps(page.model_dump(mode="json"))
        assert derived_id("complaint", mine) in shown
        assert derived_id("complaint", other) not in shown
    told = joined.page_of_accused()
    assert told is not None
    shown = json.dumps(told.model_dump(mode="json")).lower()
    assert "ivan" not in shown
    assert "layla" not in shown


def test_one_that_joins_late_is_told_where_the_case_stands_and_the_others_are_not_told_again() -> (
    None
):
    case = house(IVANS, Admit(), Claim(), ASK).when(LAYLAS)
    assert {reader for reader, _ in case.mailed} == {"Layla's"}
    assert {"admitted", "counter_notice_requested"} & {template for _, template in case.mailed}


def test_a_move_is_told_to_who_complained_and_to_the_accused_only_once_they_know(
    joined: House,
) -> None:
    joined.when(MOVE)
    assert joined.mailed == {("Ivan's", "retyped"), ("Layla's", "retyped")}
    assert joined.page_of_accused() is None
    page = joined.page_of("Ivan's")
    assert (page.type, page.reason, page.filed_as) == ("CF", "CF1", ("SM", "SM3"))

    known = house(IVANS, Admit(), Claim(), ASK, answer(MONDAY), MOVE)
    assert (SELLER, "retyped") in known.mailed


def test_who_joins_after_the_move_is_told_nothing_of_it(joined: House) -> None:
    omars = complaint("Omar's", reason="CF2", complainant="member:omar")
    joined.when(MOVE, omars)
    assert "retyped" not in {template for _, template in joined.mailed}
    assert {reader for reader, _ in joined.mailed} <= {"Omar's"}
    page = joined.page_of("Omar's")
    assert (page.type, page.reason, page.filed_as) == ("CF", "CF2", None)
    assert not [entry for entry in page.timeline if entry.kind == "retyped"]
    joined.when(UPHOLD)
    assert {reader for reader, _ in joined.mailed} == {"Ivan's", "Layla's", "Omar's", SELLER}


@pytest.mark.parametrize("decision", [DISMISS, UPHOLD])
def test_an_appeal_of_one_complainant_is_no_business_of_the_other(
    joined: House, decision: Any
) -> None:
    joined.when(decision)
    assert joined.story.case.decision_id is not None
    joined.when(appeal(joined.story.case.decision_id, by="complainant", complaint_name="Ivan's"))
    assert joined.mailed == {("Ivan's", "appeal_opened"), (SELLER, "appeal_opened")}
    # Each has a right of appeal of their own, used or not.
    assert "appeal" not in joined.may("Ivan's")
    assert "appeal" in joined.may("Layla's")
    [mine] = joined.page_of("Ivan's").appeals
    assert mine.by == "you"
    assert not any(each.text for each in joined.page_of("Layla's").appeals)
    joined.when(AFFIRM)
    assert joined.mailed == {("Ivan's", "appeal_decided"), (SELLER, "appeal_decided")}


def test_what_an_appeal_changes_is_told_to_all_who_were_told_the_decision(joined: House) -> None:
    joined.when(DISMISS)
    assert joined.story.case.decision_id is not None
    joined.when(appeal(joined.story.case.decision_id, by="complainant"), OVERTURN)
    assert joined.mailed == {
        ("Ivan's", "appeal_decided"),
        ("Layla's", "appeal_decided"),
        (SELLER, "appeal_decided"),
    }
    for name in ("Ivan's", "Layla's"):
        assert joined.page_of(name).outcome == "upheld"
    told = joined.page_of_accused()
    assert told is not None
    assert told.outcome == "upheld"


def test_the_accuseds_appeal_is_told_to_every_complainant_that_is_left(joined: House) -> None:
    joined.when(withdrawal("Layla's"))
    assert joined.mailed == {("Layla's", "withdrawn")}
    joined.when(UPHOLD)
    assert joined.mailed == {("Ivan's", "decided"), (SELLER, "decided")}
    assert joined.story.case.decision_id is not None
    joined.when(appeal(joined.story.case.decision_id, by="accused"))
    assert joined.mailed == {("Ivan's", "appeal_opened"), (SELLER, "appeal_opened")}
    gone = joined.page_of("Layla's")
    assert (gone.state, gone.outcome, gone.decision) == ("withdrawn", None, None)
    assert joined.may("Layla's") == set()
    joined.when(AFFIRM)
    assert {reader for reader, _ in joined.mailed} == {"Ivan's", SELLER}


def test_a_case_that_ends_with_its_last_complaint_tells_the_accused_only_if_they_knew() -> None:
    unknown = house(IVANS, Admit(), withdrawal("Ivan's"))
    assert unknown.mailed == {("Ivan's", "withdrawn")}
    known = house(IVANS, Admit(), Claim(), ASK, withdrawal("Ivan's"))
    assert known.mailed == {("Ivan's", "withdrawn"), (SELLER, "withdrawn")}


def test_an_appeal_about_admission_is_not_told_to_an_accused_who_never_heard_of_it() -> None:
    case = house(IVANS, LAYLAS, DeclareInadmissible(explanation="Another marketplace's."))
    assert case.mailed == {("Ivan's", "inadmissible"), ("Layla's", "inadmissible")}
    assert case.story.case.decision_id is not None
    case.when(appeal(case.story.case.decision_id, by="complainant"))
    assert case.mailed == {("Ivan's", "appeal_opened")}
    assert case.page_of_accused() is None
