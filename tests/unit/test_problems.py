"""Refusals as problem details (RFC 9457): every validation error ends as a plain sentence."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from services.runtime.problems import Invalid, Refused, Stale, http_problem, invalid, problem


class TooLateToAnswer(Refused):
    status = 410
    title = "The time to answer is over"


def test_a_refusal_is_told_with_its_name_its_status_and_what_it_says_of_this_case() -> None:
    refused = TooLateToAnswer("The answer was due yesterday.", due_at="2026-03-01")
    assert problem(refused, instance="/api/v1/cases/7/counter-notice") == {
        "type": "urn:redress:problem:too-late-to-answer",
        "title": "The time to answer is over",
        "status": 410,
        "detail": "The answer was due yesterday.",
        "instance": "/api/v1/cases/7/counter-notice",
        "due_at": "2026-03-01",
    }


def test_a_stale_version_tells_the_one_that_is_there() -> None:
    document = problem(Stale("Look again.", version=12), instance="/x")
    assert (document["status"], document["version"]) == (412, 12)


def test_a_refusal_by_the_framework_has_the_titles_of_http() -> None:
    document = http_problem(405, "GET is not possible here.", instance="/x")
    assert document["title"] == "Method Not Allowed"


def test_the_detail_of_an_invalid_request_says_what_its_errors_say() -> None:
    refused = Invalid([{"field": "a", "message": "One."}, {"field": "b", "message": "Two."}])
    assert refused.detail == "One.; Two."


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=2, max_length=4)
    tags: list[str] = Field(default=[], max_length=1)
    agreed: bool = True
    age: int = 0

    @field_validator("age")
    @classmethod
    def old_enough(cls, age: int) -> int:
        if age < 0:
            raise ValueError("Nobody is younger than newborn")
        return age


def told(body: object) -> list[dict[str, str]]:
    with pytest.raises(ValidationError) as refused:
        Form.model_validate(body)
    return invalid(
        [{**each, "loc": ("body", *each["loc"])} for each in refused.value.errors()]
    ).errors


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "name", "This is needed."),
        ({"name": "x"}, "name", "This needs at least 2 characters."),
        ({"name": "xxxxx"}, "name", "This takes at most 4 characters."),
        ({"name": 7}, "name", "This must be text."),
        ({"name": "xx", "tags": ["a", "b"]}, "tags", "At most 1 are taken."),
        ({"name": "xx", "tags": "a"}, "tags", "This must be a list."),
        ({"name": "xx", "tags": [7]}, "tags.0", "This must be text."),
        ({"name": "xx", "mood": 1}, "mood", "This field is not known here."),
        ({"name": "xx", "age": -1}, "age", "Nobody is younger than newborn."),
        ([], "body", "The body must be a JSON object."),
    ],
)
def test_each_error_is_a_plain_sentence_beside_its_field(
    body: object, field: str, message: str
) -> None:
    assert told(body) == [{"field": field, "message": message}]


@given(st.dictionaries(st.sampled_from(["name", "tags", "agreed", "age", "x"]), st.none()))
def test_whatever_is_sent_the_answer_has_a_sentence_for_each_field(body: dict[str, Any]) -> None:
    for error in told(body):
        assert error["field"]
        assert error["message"].endswith(".")
