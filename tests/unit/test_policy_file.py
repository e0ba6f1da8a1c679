"""A marketplace's own policy: a file, refused with its place in it where no policy can be so."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.moderation.policy import DATA, Period, policy
from services.moderation.settings import Settings
from services.moderation.web.labels import length

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Change], Path]:
    """The shipped policy with one change, as a file."""

    def write(change: Change) -> Path:
        document = json.loads(DATA.read_text())
        change(document)
        file = tmp_path / "policy.json"
        file.write_text(json.dumps(document))
        return file

    return write


def read(file: Path) -> Settings:
    return Settings.model_validate({"policy": str(file), "secret_key": "x" * 40})


def test_the_marketplaces_own_file_is_taken(written: Callable[[Change], Path]) -> None:
    file = written(lambda each: each.update(version="ours", trusted_flaggers=["member:ipo"]))
    ours = policy(read(file).policy)
    assert (ours.version, ours.trusted_flaggers) == ("ours", frozenset({"member:ipo"}))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda each: each["rules"].pop("CF"), "no rule of the contract for CF"),
        (lambda each: each["calendar"]["yearly_holidays"].append("13-01"), "yearly_holidays"),
        (lambda each: each["calendar"].update(weekend=["someday"]), "calendar.weekend"),
        (lambda each: each["triage"]["by_type"].update(XX={"hours": 1}), "has no type XX"),
        (lambda each: each.update(trusted_flaggers=["ipo"]), "trusted_flaggers"),
        (lambda each: each.update(decision={"days": 1, "hours": 2}), "decision"),
        (lambda each: each.update(decision={}), "decision"),
        (lambda each: each.update(redress=["Until {then}."]), "redress.0"),
        (lambda each: each.update(surprise=1), "surprise"),
        (lambda each: each.pop("version"), "version: Field required"),
    ],
)
def test_what_no_policy_says_is_a_wrong_setting(
    written: Callable[[Change], Path], change: Change, told: str
) -> None:
    file = written(change)
    with pytest.raises(ValidationError) as refused:
        read(file)
    (problem,) = refused.value.errors()
    assert problem["loc"] == ("policy",)
    assert str(file) in problem["msg"]
    assert told in problem["msg"]


def test_a_file_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="No such file"):
        read(tmp_path / "policy.json")


@pytest.mark.parametrize(
    ("period", "said"),
    [
        (Period(minutes=1), "1 minute"),
        (Period(hours=72), "72 hours"),
        (Period(days=7), "7 days"),
        (Period(working_days=3), "3 working days"),
    ],
)
def test_moderators_are_told_a_period_in_its_own_unit(period: Period, said: str) -> None:
    assert length(period) == said
