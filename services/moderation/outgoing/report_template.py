"""What the yearly report's template asks for that no log can know: a table of what staff enter.

Digital Services Act, Articles 15, 24 and 42; template of Implementing Regulation (EU) 2024/2835.
Pure.
"""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import Field

from services.moderation.read_models import Shown
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _

Split = Literal["", "member_state", "language"]

MEMBER_STATES: Final = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()
)
LANGUAGES: Final = frozenset(
    "bg cs da de el en es et fi fr ga hr hu it lt lv mt nl pl pt ro sk sl sv".split()
)
"""The official languages of the Union."""
ALL: Final = "all"
LONGEST: Final = 5000

PLATFORM = "provider and service"
ORDERS = "orders of Member States (Art. 15(1)(a))"
OWN_INITIATIVE = "own initiative (Art. 15(1)(c))"
DISPUTES = "disputes (Art. 24(1)(a))"
AUTOMATED = "automated means (Art. 15(1)(e))"
PEOPLE = "human resources (Art. 42(2))"
RECIPIENTS = "recipients (Art. 24(2), Art. 42(3))"


class Wanted(NamedTuple):
    """An indicator that staff enter: one number, a number for each Member State or language, or
    words, few (`line`) or many."""

    section: str
    indicator: str
    kind: Literal["number", "line", "text"] = "number"
    split: Split = ""


TEMPLATE: Final[tuple[Wanted, ...]] = (
    Wanted(PLATFORM, "name of the provider", "line"),
    Wanted(PLATFORM, "name of the service", "line"),
    Wanted(PLATFORM, "summary of the content moderation", "text"),
    Wanted(ORDERS, "orders to act against illegal content (Art. 9)", split="member_state"),
    Wanted(ORDERS, "median hours to confirm an order to act"),
    Wanted(ORDERS, "median hours to give effect to an order to act"),
    Wanted(ORDERS, "orders to provide information (Art. 10)", split="member_state"),
    Wanted(ORDERS, "median hours to confirm an order for information"),
    Wanted(ORDERS, "median hours to give effect to an order for information"),
    Wanted(OWN_INITIATIVE, "restrictions of illegal content on own initiative"),
    Wanted(OWN_INITIATIVE, "restrictions under the terms and conditions on own initiative"),
    Wanted(OWN_INITIATIVE, "of these, detected by automated means alone"),
    Wanted(OWN_INITIATIVE, "what was done, and how moderators are trained and helped", "text"),
    Wanted(DISPUTES, "decided in favour of the platform"),
    Wanted(DISPUTES, "decided in favour of the recipient"),
    Wanted(DISPUTES, "median days to the outcome"),
    Wanted(DISPUTES, "share of outcomes that the platform put into effect"),
    Wanted(AUTOMATED, "purposes of the automated means", "text"),
    Wanted(AUTOMATED, "indicators of accuracy and the possible rate of error", "text"),
    Wanted(AUTOMATED, "safeguards", "text"),
    Wanted(PEOPLE, "moderators", split="language"),
    Wanted(PEOPLE, "qualifications and linguistic expertise", "text"),
    Wanted(PEOPLE, "training and support", "text"),
    Wanted(RECIPIENTS, "average monthly active recipients", split="member_state"),
)


class Entry(Shown):
    """A row that staff enter. `category` is a Member State or a language where the indicator is
    split so, else `all`."""

    section: Annotated[str, Field(examples=[RECIPIENTS])]
    indicator: Annotated[str, Field(examples=["average monthly active recipients"])]
    category: Annotated[str, Field(examples=["DE"])] = ALL
    value: Annotated[float | None, Field(ge=0, le=1e12, examples=[1200])] = None
    text: Annotated[str, Field(max_length=LONGEST)] = ""


def check(entries: Sequence[Entry]) -> None:
    """Raises Invalid for what the template does not ask for, twice the same, and nothing said."""
    wanted = {(each.section, each.indicator): each for each in TEMPLATE}
    errors: list[dict[str, str]] = []
    seen: set[tuple[str, str, str]] = set()
    for position, each in enumerate(entries):
        row = wanted.get((each.section, each.indicator))
        place = (each.section, each.indicator, each.category)
        if row is None:
            message = _("The report does not ask for this: %(what)s.") % {"what": each.indicator}
        elif each.category not in categories(row.split):
            message = _("There is no category %(name)s here.") % {"name": each.category}
        elif (each.value is None) == (row.kind == "number") or bool(each.text.strip()) == (
            row.kind == "number"
        ):
            message = _("Say a number.") if row.kind == "number" else _("Say it in words.")
        elif place in seen:
            message = _("This is said twice: %(what)s.") % {"what": each.category}
        else:
            seen.add(place)
            continue
        errors.append({"field": f"entries.{position}", "message": message})
    if errors:
        raise Invalid(errors)


def categories(split: Split) -> frozenset[str]:
    """What an indicator may be entered for."""
    return {
        "": frozenset({ALL}),
        "member_state": MEMBER_STATES | {ALL},
        "language": LANGUAGES | {ALL},
    }[split]
