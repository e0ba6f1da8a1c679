"""Words of intake's pages that are not in a template."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from contracts.taxonomy import ComplaintType, Reason, taxonomy
from services.intake import advising
from services.intake.articles import Group
from services.intake.examples import examples_of
from services.intake.web.draft import Step
from services.runtime.sentences import gettext as _
from services.runtime.sentences import named


def name_of(entry: ComplaintType | Reason) -> str:
    """A type or reason."""
    return named({"en": entry.en, "ru": entry.ru, "ar": entry.ar})


def type_name(code: str) -> str:
    kind = taxonomy().type_of(code)
    return name_of(kind) if kind else code


def reason_name(code: str) -> str:
    found = taxonomy().find(code)
    return name_of(found[1]) if found else code


def _help(code: str) -> str:
    return {
        "CF": _("A fake of a brand, pirated media, a copied design, stolen photos or texts."),
        "PR": _("Drugs, medicines, weapons, unsafe goods and others that may not be sold here."),
        "SM": _(
            "Tricks to be found more often: a wrong category, stuffed titles, "
            "duplicates, prices that mislead."
        ),
        "OT": _("The seller asks to pay, to write or to buy outside the marketplace."),
        "FI": _("Goods, photos, reviews, discounts or shipping are not what the page says."),
    }.get(code, "")


def types(reported: Mapping[str, int] = MappingProxyType({})) -> list[dict[str, str]]:
    """The five types as cards, in the taxonomy's order. `reported` complaints of some are there."""
    return [
        {
            "value": each.code,
            "label": name_of(each),
            "help": _help(each.code),
            "badge": _("Already reported: yours joins") if reported.get(each.code) else "",
        }
        for each in taxonomy().types
    ]


def help_address(type_code: str) -> str:
    """The help article about a type, with its examples."""
    kind = taxonomy().type_of(type_code)
    return f"/help/{kind.slug}" if kind else ""


def reasons(type_code: str) -> list[dict[str, str]]:
    """The reasons of a type as cards, each with an example."""
    kind = taxonomy().type_of(type_code)
    if kind is None:
        return []
    return [
        {"value": each.code, "label": name_of(each), "help": named(examples_of(each.code))}
        for each in kind.reasons
    ]


def steps() -> list[tuple[str, None]]:
    """The steps' names, for the stepper."""
    names = {
        Step.CHOICE: _("Dispute or complaint"),
        Step.PRODUCT: _("Product"),
        Step.TYPE: _("Type"),
        Step.REASON: _("Reason"),
        Step.DETAILS: _("Description"),
        Step.SUMMARY: _("Check and submit"),
    }
    return [(names[step], None) for step in Step]


def help_group(group: Group) -> str:
    """The name of a group of help articles."""
    return {
        Group.FILING: _("Before you complain"),
        Group.TYPES: _("What you can complain about"),
        Group.AFTER: _("After you have complained"),
        Group.ACCUSED: _("Somebody complained about you"),
    }[group]


def help_icon(group: Group) -> str:
    return {
        Group.FILING: "flag",
        Group.TYPES: "tag",
        Group.AFTER: "inbox",
        Group.ACCUSED: "scale",
    }[group]


LANGUAGES: Final = {
    "ar": "العربية",
    "bn": "বাংলা",
    "de": "Deutsch",
    "el": "Ελληνικά",
    "en": "English",
    "es": "Español",
    "fa": "فارسی",
    "fr": "Français",
    "he": "עברית",
    "hi": "हिन्दी",
    "id": "Bahasa Indonesia",
    "it": "Italiano",
    "ja": "日本語",
    "kk": "Қазақша",
    "ko": "한국어",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt": "Português",
    "ru": "Русский",
    "th": "ไทย",
    "tr": "Türkçe",
    "uk": "Українська",
    "ur": "اردو",
    "vi": "Tiếng Việt",
    "zh": "中文",
}
"""Languages that a description can be said to be in, each by its own name."""


def languages(found: str = "") -> list[tuple[str, str]]:
    """The languages to choose from; first the one that was found in what is written already."""
    by_itself = _("Found from what I write")
    if found:
        by_itself = _("Found from what I write: %(language)s") % {"language": language_name(found)}
    return [("", by_itself), *LANGUAGES.items()]


def language_name(code: str) -> str:
    return LANGUAGES.get(code, code)


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "advice_reasons": advising.reasons,
    "advice_title": advising.title,
    "help_address": help_address,
    "help_group": help_group,
    "help_icon": help_icon,
    "language_name": language_name,
    "languages": languages,
    "reason_name": reason_name,
    "reasons": reasons,
    "type_name": type_name,
    "types": types,
}
"""What the templates may call."""
