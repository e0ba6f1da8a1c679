"""What the software itself wrote into facts is said in the reader's language; what people wrote
stays as it is."""

from pathlib import Path

import pytest

from contracts.case import CaseDecided, Finding, Measure
from contracts.member import MeasureImposed, MeasureReversed
from services import moderation
from services.moderation.commands import SERVICE, Admit
from services.moderation.policy import policy
from services.moderation.refusals import NotInThisState
from services.moderation.shown.staff import allowed_commands
from services.moderation.standing.commands import ApproveMeasure, OnMeasure, Settle
from services.moderation.standing.deciding import decide
from services.moderation.standing.points import worth
from services.moderation.standing.record import NO_RECORD, evolve
from services.moderation.transitions import allowed, permit
from services.runtime.catalogues import catalogues
from services.runtime.phrases import PHRASES, said
from services.runtime.sentences import Sentence
from tests.cases import DAY, DECIDED, MIA, MONDAY, REVIEWED, SARA, appeal, given

RULES = [text for rule in policy().rules.values() for text in (rule.reference, rule.explanation)]


def is_translated(text: str) -> bool:
    return all(said(text, language) != text for language in ("ru", "ar"))


@pytest.mark.parametrize("text", RULES)
def test_every_rule_of_the_policy_is_said_in_every_language(text: str) -> None:
    assert is_translated(text)
    assert said(text, "en") == text


def test_a_ground_that_a_moderator_wrote_is_not_touched() -> None:
    for text in ("Art. 9 EUTMR: the mark is registered.", "", RULES[0] + " And more."):
        for language in ("en", "ru", "ar"):
            assert said(text, language) == text


def test_a_statement_of_reasons_keeps_what_was_told_and_is_read_in_any_language() -> None:
    decided = given(*DECIDED).facts[-1]
    assert isinstance(decided, CaseDecided)
    ground = decided.statement.ground
    assert ground.reference == "Marketplace rules: search manipulation"
    assert said(ground.reference, "ru") == "Правила площадки: манипуляция поиском"
    assert said(decided.statement.facts, "ru") == decided.statement.facts


def test_why_an_appeal_is_not_heard_is_told_with_its_date_in_every_language() -> None:
    story = given(*DECIDED)
    assert story.case.decision_id is not None
    late = MONDAY + 200 * DAY
    story.when(appeal(story.case.decision_id, late), at=late)
    text = getattr(story.new[0], "explanation")  # noqa: B009
    assert text == "The time to appeal ended on 26 May 2027, 23:59 UTC."
    assert "26 мая 2027" in said(text, "ru")
    assert is_translated(text)


def test_why_measures_were_imposed_and_lifted_is_told_in_every_language() -> None:
    counts = worth("PR2", "serious")
    assert counts is not None
    says = {
        "member": "member:s",
        "case_id": "c",
        "as_complainant": False,
        "decision_id": "d",
        "cause": "d",
        "decided_at": MONDAY,
        "decided_by": ("mia",),
        "complained_at": MONDAY,
    }
    finding = Finding(
        id="f", reason="PR2", gravity="serious", track=counts.track, points=counts.points
    )
    hidden = Measure(id="m", kind="listing_hidden")
    record, told = NO_RECORD, list[str]()
    for command in (
        Settle(**says, findings=(finding,), measures=(hidden,)),  # type: ignore[arg-type]
        None,
        Settle(**says),  # type: ignore[arg-type]
    ):
        if command is None:
            [ladder] = [each for each in record.measures.values() if each.threshold]
            asked: Settle | OnMeasure = OnMeasure(ladder.id, ApproveMeasure())
        else:
            asked = command
        by = SARA if isinstance(asked, OnMeasure) else SERVICE
        for fact in decide(record, asked, by=by, now=MONDAY, policy=policy()):
            record = evolve(record, fact)
            if isinstance(fact, MeasureImposed | MeasureReversed):
                told.append(fact.explanation)
    assert len(told) == 4
    assert "12 points in the IPP track reached the threshold of 12." in told
    assert all(is_translated(each) for each in told)


def test_every_phrase_is_marked() -> None:
    assert all(isinstance(each, Sentence) for each in PHRASES)


def test_why_something_is_not_allowed_is_said_in_the_readers_language_on_the_case_page() -> None:
    catalogue = catalogues(Path(moderation.__file__).with_name("translations"))["ru"]
    shown = {each.command: each for each in allowed_commands(given(*REVIEWED).case, MIA, MONDAY)}
    reason = shown["admit"].reason
    assert isinstance(reason, Sentence)
    assert "under review" in reason
    assert "«на рассмотрении»" in reason.told(catalogue, "ru")
    assert "under review" in shown["admit"].model_dump_json()


def test_a_refusal_names_what_is_possible_instead_and_the_list_of_all_commands_does_not() -> None:
    case = given(*REVIEWED).case
    with pytest.raises(NotInThisState) as refused:
        permit(case, Admit, MIA, MONDAY)
    assert isinstance(refused.value.detail, Sentence)
    catalogue = catalogues(Path(moderation.__file__).with_name("translations"))["ru"]
    assert "сейчас возможно" in refused.value.detail.told(catalogue, "ru")
    reasons = [each.reason or "" for each in allowed(case, MIA, now=MONDAY)]
    assert not any("possible now" in reason for reason in reasons)
