"""The yearly report in the reader's words; its CSV has the words of the law's English template.
Functions of the templates."""

from collections.abc import Sequence

from services.moderation.web import labels
from services.runtime.sentences import gettext as _

_SECTIONS = {
    "notices (Art. 15(1)(b))": _("Notices (Article 15(1)(b))"),
    "restrictions (Art. 15(1)(b), Art. 17(1))": _("Restrictions (Articles 15(1)(b) and 17(1))"),
    "appeals (Art. 15(1)(d), Art. 20)": _("Appeals (Articles 15(1)(d) and 20)"),
    "disputes (Art. 24(1)(a))": _("Disputes (Article 24(1)(a))"),
    "misuse (Art. 24(1)(b), Art. 23)": _("Misuse (Articles 24(1)(b) and 23)"),
    "automated means (Art. 15(1)(e))": _("Automated means (Article 15(1)(e))"),
}

_INDICATORS = {
    "received": _("Received"),
    "received from trusted flaggers": _("Received from trusted flaggers"),
    "actions on the basis of the law": _("Actions on the basis of the law"),
    "actions on the basis of the terms and conditions": _(
        "Actions on the basis of the terms and conditions"
    ),
    "cases upheld": _("Cases upheld"),
    "cases partly upheld": _("Cases partly upheld"),
    "cases dismissed": _("Cases dismissed"),
    "cases inadmissible": _("Cases not admitted"),
    "processed by automated means alone": _("Processed by automated means alone"),
    "median hours to decide": _("Median time to decide, in hours"),
    "received from the complainant": _("Received from complainants"),
    "received from the accused": _("Received from the accused"),
    "affirmed": _("Decisions affirmed"),
    "varied": _("Decisions varied"),
    "overturned": _("Decisions overturned"),
    "not taken up": _("Appeals not taken up"),
    "submitted to a settlement body": _("Submitted to a settlement body"),
    "accounts suspended or closed": _("Accounts suspended or closed"),
    "cases manifestly unfounded": _("Cases manifestly unfounded"),
    "complainants suspended": _("Complainants suspended"),
    "complainants warned": _("Complainants warned"),
    "decisions on what a machine detected": _("Decisions on what a machine detected"),
    "decisions in which a machine took part": _("Decisions in which a machine took part"),
    "share of detections that were dismissed": _("Share of detections that were dismissed"),
}


def section_name(code: str) -> str:
    return _SECTIONS.get(code, code)


def indicator_name(code: str) -> str:
    """What is counted; a restriction is called as everywhere else."""
    if code in _INDICATORS:
        return _INDICATORS[code]
    try:
        return labels.restriction(code.replace(" ", "_"))
    except KeyError:
        return code


def report_columns(categories: Sequence[str]) -> list[str]:
    """The headings of a table: what is counted, then each category."""
    named = (_("All") if each == "all" else labels.type_name(each) for each in categories)
    return [_("Counted"), *named]


def counted_value(value: float) -> int | float:
    """Whole numbers without a point."""
    return int(value) if value.is_integer() else value


FUNCTIONS = {
    function.__name__: function
    for function in (counted_value, indicator_name, report_columns, section_name)
}
