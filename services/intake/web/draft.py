"""What has been entered into the wizard so far: pure. It travels in the form itself, so that every
step works without scripts and without a session, and going back loses nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final, Self

from starlette.datastructures import FormData

from contracts.taxonomy import taxonomy
from services.intake import checks
from services.intake.advice import Problem
from services.intake.filing import ComplaintBody
from services.intake.profile import Profile
from services.runtime.sentences import gettext as _


class Step(StrEnum):
    """The guide's steps, in order (R18 to R30)."""

    CHOICE = "choice"
    PRODUCT = "product"
    TYPE = "type"
    REASON = "reason"
    DETAILS = "details"
    SUMMARY = "summary"

    @property
    def next(self) -> "Step":
        return STEPS[min(STEPS.index(self) + 1, len(STEPS) - 1)]

    @property
    def previous(self) -> "Step":
        return STEPS[max(STEPS.index(self) - 1, 0)]


STEPS: Final = tuple(Step)

SHOWN: Final[dict[Step, frozenset[str]]] = {
    Step.CHOICE: frozenset({"choice", "product_link", "problem"}),
    Step.PRODUCT: frozenset({"product_link", "picked"}),
    Step.TYPE: frozenset({"type"}),
    Step.REASON: frozenset({"reason"}),
    Step.DETAILS: frozenset({"description", "language", "name", "email", "good_faith"}),
    Step.SUMMARY: frozenset(),
}
"""The fields that a step's page asks for; the others go along as hidden fields."""


@dataclass(frozen=True, slots=True)
class Draft:
    """`key` makes submitting twice file once. `evidence` are ids of files already taken. `checked`
    is set once the summary was seen, so that a correction leads straight back to it. `problem` is
    what the advice asks for; `picked` the product chosen where the text names several; `dispute`
    the one that the complaint is linked to; `chat` the support chat that it comes from."""

    key: str
    choice: str = ""
    problem: str = ""
    product_link: str = ""
    picked: str = ""
    type: str = ""
    reason: str = ""
    description: str = ""
    language: str = ""
    name: str = ""
    email: str = ""
    good_faith: str = ""
    dispute: str = ""
    chat: str = ""
    checked: str = ""
    evidence: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: FormData) -> Self:
        """The draft as it came with a form."""
        texts = {
            field.name: value
            for field in fields(cls)
            if field.name != "evidence" and isinstance(value := data.get(field.name, ""), str)
        }
        ids = (each for each in data.getlist("evidence") if isinstance(each, str))
        return cls(evidence=tuple(dict.fromkeys(ids)), **texts)

    def hidden_on(self, step: Step) -> Iterator[tuple[str, str]]:
        """Names and values that the page of `step` carries along unseen."""
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "evidence":
                yield from (("evidence", each) for each in value)
            elif value and field.name not in SHOWN[step]:
                yield field.name, value

    def values(self, step: Step) -> dict[str, list[str]]:
        """What the form of `step` shows: nothing, when nothing in it was answered yet."""
        texts = ((name, getattr(self, name)) for name in SHOWN[step])
        return {name: [text] for name, text in texts if text}

    def body(self) -> ComplaintBody:
        """The complaint as the API takes it."""
        return ComplaintBody(
            product_link=self.product_link,
            reason=self.reason,
            description=self.description,
            email=self.email,
            name=self.name,
            language=self.language or None,
            evidence=list(self.evidence),
            dispute=self.dispute or None,
            chat_id=self.chat or None,
            good_faith=self.good_faith == "true",
        )

    def named_problem(self) -> Problem | None:
        """What the complainant said is wrong, if it is one of the answers offered."""
        return Problem(self.problem) if self.problem in list(Problem) else None

    def settled(self) -> "Draft":
        """Without a reason that is none of the type chosen (any more)."""
        found = taxonomy().find(self.reason)
        return self if found and found[0].code == self.type else replace(self, reason="")


def flaws(draft: Draft, step: Step, *, guest: bool, profile: Profile) -> dict[str, str]:
    """A sentence for each field of the step that needs another look. `guest` is to be asked for
    name and address."""
    match step:
        case Step.CHOICE:
            told = {"choice": None if draft.choice else _("Choose one of the two.")}
        case Step.PRODUCT:
            told = {"product_link": checks.link(draft.product_link, profile)[1]}
        case Step.TYPE:
            known = taxonomy().type_of(draft.type)
            told = {"type": None if known else _("Choose what kind of problem it is.")}
        case Step.REASON:
            found = taxonomy().find(draft.reason)
            right = found is not None and found[0].code == draft.type
            told = {"reason": None if right else _("Choose the reason that fits best.")}
        case Step.DETAILS:
            told = {"description": checks.description(draft.description)}
            if guest:
                told["name"] = checks.name(checks.tidy(draft.name))
                told["email"] = checks.email(checks.address(draft.email))
            told["good_faith"] = checks.good_faith(draft.good_faith == "true")
        case Step.SUMMARY:
            told = {}
    return {field: sentence for field, sentence in told.items() if sentence}


def first_flawed(
    draft: Draft, *, guest: bool, profile: Profile
) -> tuple[Step, dict[str, str]] | None:
    """The first step that needs another look, and what about it."""
    for step in STEPS:
        if told := flaws(draft, step, guest=guest, profile=profile):
            return step, told
    return None
