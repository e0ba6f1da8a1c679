"""The yearly report in the reader's words; its CSV has the words of the law's English template.
Functions of the templates."""

from collections.abc import Sequence
from datetime import date

from services.moderation.outgoing.report_template import (
    AUTOMATED,
    DISPUTES,
    LANGUAGES,
    MEMBER_STATES,
    ORDERS,
    OWN_INITIATIVE,
    PEOPLE,
    PLATFORM,
    RECIPIENTS,
)
from services.moderation.web import labels
from services.runtime.locales import date_text
from services.runtime.sentences import gettext as _
from services.runtime.sentences import language_name
from services.runtime.web.text import reader

_SECTIONS = {
    PLATFORM: _("The provider and the service"),
    ORDERS: _("Orders of Member States (Article 15(1)(a))"),
    OWN_INITIATIVE: _("Own initiative (Article 15(1)(c))"),
    PEOPLE: _("Human resources (Article 42(2), very large platforms only)"),
    RECIPIENTS: _("Recipients (Articles 24(2) and 42(3))"),
    "notices (Art. 15(1)(b))": _("Notices (Article 15(1)(b))"),
    "restrictions (Art. 15(1)(b), Art. 17(1))": _("Restrictions (Articles 15(1)(b) and 17(1))"),
    "appeals (Art. 15(1)(d), Art. 20)": _("Appeals (Articles 15(1)(d) and 20)"),
    DISPUTES: _("Disputes (Article 24(1)(a))"),
    "misuse (Art. 24(1)(b), Art. 23)": _("Misuse (Articles 24(1)(b) and 23)"),
    AUTOMATED: _("Automated means (Article 15(1)(e))"),
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
    "name of the provider": _("Name of the provider"),
    "name of the service": _("Name of the service"),
    "summary of the content moderation": _("Summary of the content moderation"),
    "orders to act against illegal content (Art. 9)": _(
        "Orders to act against illegal content (Article 9)"
    ),
    "median hours to confirm an order to act": _("Median hours to confirm an order to act"),
    "median hours to give effect to an order to act": _(
        "Median hours to give effect to an order to act"
    ),
    "orders to provide information (Art. 10)": _("Orders to provide information (Article 10)"),
    "median hours to confirm an order for information": _(
        "Median hours to confirm an order for information"
    ),
    "median hours to give effect to an order for information": _(
        "Median hours to give effect to an order for information"
    ),
    "restrictions of illegal content on own initiative": _(
        "Restrictions of illegal content on own initiative"
    ),
    "restrictions under the terms and conditions on own initiative": _(
        "Restrictions under the terms and conditions on own initiative"
    ),
    "of these, detected by automated means alone": _("Of these, detected by machines alone"),
    "what was done, and how moderators are trained and helped": _(
        "What was done, and how moderators are trained and helped"
    ),
    "decided in favour of the platform": _("Decided in favour of the platform"),
    "decided in favour of the recipient": _("Decided in favour of the recipient"),
    "median days to the outcome": _("Median days to the outcome"),
    "share of outcomes that the platform put into effect": _(
        "Share of outcomes that the platform put into effect"
    ),
    "purposes of the automated means": _("Purposes of the automated means"),
    "indicators of accuracy and the possible rate of error": _(
        "Indicators of accuracy and the possible rate of error"
    ),
    "safeguards": _("Safeguards"),
    "moderators": _("Moderators"),
    "qualifications and linguistic expertise": _("Qualifications and linguistic expertise"),
    "training and support": _("Training and support"),
    "average monthly active recipients": _("Average monthly active recipients"),
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


def report_category(code: str) -> str:
    """A Member State by its code, a language by its name."""
    if code in MEMBER_STATES:
        return code
    return language_name(code) if code in LANGUAGES else _("All")


def day(at: date) -> str:
    """A day of the report, which is the same one everywhere."""
    return date_text(at, reader().language)


def counted_value(value: float) -> int | float:
    """Whole numbers without a point."""
    return int(value) if value.is_integer() else value


FUNCTIONS = {
    function.__name__: function
    for function in (
        counted_value,
        day,
        indicator_name,
        report_category,
        report_columns,
        section_name,
    )
}
