"""What the documentation of moderation's API shows can be sent as it stands."""

import pytest

from services.moderation.api.examples import (
    ACTED,
    COMMANDS,
    MEMBER_ACTED,
    ON_MEASURES,
    REASON_TEXTS,
)
from services.moderation.member_models import MemberActed
from services.moderation.members import MEASURE_COMMANDS
from services.moderation.read_models import Acted
from services.moderation.reason_texts import WriteReasonText, check
from services.moderation.transitions import STAFF_COMMANDS


@pytest.mark.parametrize("name", STAFF_COMMANDS)
def test_every_command_on_a_case_has_examples_that_it_takes(name: str) -> None:
    assert COMMANDS[name]
    for _, example in COMMANDS[name]:
        STAFF_COMMANDS[name].model_validate(example)


@pytest.mark.parametrize("name", MEASURE_COMMANDS)
def test_every_command_on_a_measure_has_examples_that_it_takes(name: str) -> None:
    assert ON_MEASURES[name]
    for _, example in ON_MEASURES[name]:
        MEASURE_COMMANDS[name].model_validate(example)


def test_the_answers_are_what_the_models_say() -> None:
    Acted.model_validate(ACTED)
    MemberActed.model_validate(MEMBER_ACTED)


@pytest.mark.parametrize("example", [body for _, body in REASON_TEXTS])
def test_reason_texts_have_examples_that_are_taken(example: dict[str, object]) -> None:
    check(WriteReasonText.model_validate(example))
