"""Statements of reasons as the EU's Transparency Database takes them (DSA, Art. 24(5)). Pure.

Fields and enumerations: schema in force since 1 July 2025. Nobody is named in any of them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from contracts.case import Finding, Measure, MeasureKind, StatementOfReasons
from contracts.taxonomy import taxonomy

Record = dict[str, Any]

LONGEST_FACTS = 5000
LONGEST_GROUND = 500
LONGEST_EXPLANATION = 2000

_VISIBILITY: dict[MeasureKind, str] = {
    "listing_removed": "DECISION_VISIBILITY_CONTENT_REMOVED",
    "listing_hidden": "DECISION_VISIBILITY_CONTENT_DISABLED",
    "search_demotion": "DECISION_VISIBILITY_CONTENT_DEMOTED",
    "listing_frozen": "DECISION_VISIBILITY_CONTENT_INTERACTION_RESTRICTED",
}
_PROVISION: dict[MeasureKind, str] = {
    "listing_restriction": "DECISION_PROVISION_PARTIAL_SUSPENSION"
}
_MONETARY: dict[MeasureKind, str] = {"payout_hold": "DECISION_MONETARY_SUSPENSION"}
_ACCOUNT: dict[MeasureKind, str] = {
    "account_closed": "DECISION_ACCOUNT_TERMINATED",
    "account_frozen": "DECISION_ACCOUNT_SUSPENDED",
}


class Mapping(BaseModel):
    """Our types and reasons in the database's words: data (`data/transparency.json`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    categories: dict[str, str]
    keywords: dict[str, str]
    other: str
    territory: tuple[str, ...]


@cache
def mapping() -> Mapping:
    data = files("services.moderation").joinpath("data/transparency.json").read_bytes()
    return Mapping.model_validate_json(data)


class Restricted(NamedTuple):
    """What was restricted, and why: a decision, an appeal's, or an interim measure.

    `puid` names it for ever; `known_at` is when the content was first told of, `applied_at` when
    the restriction was.
    """

    puid: str
    complaint_type: str
    reason: str
    trusted_flagger: bool
    statement: StatementOfReasons
    measures: tuple[Measure, ...]
    findings: tuple[Finding, ...]
    known_at: datetime
    applied_at: datetime


def record_of(restricted: Restricted) -> Record | None:
    """The record; None where nothing was restricted (a warning alone restricts nothing)."""
    kinds = [measure.kind for measure in restricted.measures]
    visibility = [_VISIBILITY[kind] for kind in kinds if kind in _VISIBILITY]
    single = {
        "decision_monetary": _first(_MONETARY, kinds),
        "decision_provision": _first(_PROVISION, kinds),
        "decision_account": _first(_ACCOUNT, kinds),
    }
    decisions = {name: value for name, value in single.items() if value is not None}
    if not visibility and not decisions:
        return None
    statement = restricted.statement
    return {
        **({"decision_visibility": visibility} if visibility else {}),
        **decisions,
        **({"account_type": "ACCOUNT_TYPE_BUSINESS"} if "decision_account" in decisions else {}),
        **_ground(statement),
        "content_type": ["CONTENT_TYPE_PRODUCT"],
        **_category(restricted),
        "territorial_scope": _territory(statement.territory),
        "content_date": f"{restricted.known_at:%Y-%m-%d}",
        "application_date": f"{restricted.applied_at:%Y-%m-%d}",
        **_ends(restricted, visibility, decisions),
        "decision_facts": statement.facts[:LONGEST_FACTS],
        "source_type": (
            "SOURCE_TRUSTED_FLAGGER" if restricted.trusted_flagger else "SOURCE_ARTICLE_16"
        ),
        "automated_detection": "Yes" if statement.automated_detection else "No",
        # A person decides, always; at most a machine took part.
        "automated_decision": (
            "AUTOMATED_DECISION_PARTIALLY"
            if statement.automated_decision
            else "AUTOMATED_DECISION_NOT_AUTOMATED"
        ),
        "puid": restricted.puid,
    }


def _first(words: dict[MeasureKind, str], kinds: Sequence[MeasureKind]) -> str | None:
    """The gravest of the words that apply: each table has it first."""
    return next((word for kind, word in words.items() if kind in kinds), None)


def _ground(statement: StatementOfReasons) -> Record:
    ground = statement.ground
    reference = ground.reference[:LONGEST_GROUND]
    explanation = ground.explanation[:LONGEST_EXPLANATION]
    if ground.kind == "law":
        return {
            "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
            "illegal_content_legal_ground": reference,
            "illegal_content_explanation": explanation,
        }
    return {
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "incompatible_content_ground": reference,
        "incompatible_content_explanation": explanation,
        "incompatible_content_illegal": "No",
    }


def _category(restricted: Restricted) -> Record:
    words = mapping()
    reasons = list(dict.fromkeys([restricted.reason, *(f.reason for f in restricted.findings)]))
    keywords: list[str] = []
    for reason in reasons:
        keywords += _keywords(reason)
    also = {
        words.categories[_type_of(reason)]
        for reason in reasons
        if _type_of(reason) != restricted.complaint_type
    }
    return {
        "category": words.categories[restricted.complaint_type],
        **({"category_addition": sorted(also)} if also else {}),
        "category_specification": list(dict.fromkeys(keywords)),
        **({"category_specification_other": words.other} if "KEYWORD_OTHER" in keywords else {}),
    }


def _keywords(reason: str) -> list[str]:
    words = mapping().keywords
    return words.get(reason, words[_type_of(reason)]).split()


def _type_of(reason: str) -> str:
    found = taxonomy().find(reason)
    if found is None:
        raise LookupError(f"no reason {reason} in the taxonomy")
    return found[0].code


def _territory(told: Iterable[str]) -> list[str]:
    """Member states of the European Economic Area: others do not concern the database."""
    area = mapping().territory
    wide = {"worldwide", "EEA"} & set(told)
    return list(area) if wide else [code for code in told if code in area]


def _ends(restricted: Restricted, visibility: list[str], decisions: Record) -> Record:
    """The end of each restriction that has one."""
    tables = {
        "end_date_visibility_restriction": (_VISIBILITY, bool(visibility)),
        "end_date_monetary_restriction": (_MONETARY, "decision_monetary" in decisions),
        "end_date_service_restriction": (_PROVISION, "decision_provision" in decisions),
        "end_date_account_restriction": (_ACCOUNT, "decision_account" in decisions),
    }
    told: Record = {}
    for name, (kinds, applies) in tables.items():
        ends = [_end(each, restricted) for each in restricted.measures if each.kind in kinds]
        if applies and all(end is not None for end in ends):
            told[name] = f"{max(end for end in ends if end is not None):%Y-%m-%d}"
    return told


def _end(measure: Measure, restricted: Restricted) -> datetime | None:
    if measure.days is not None:
        return restricted.applied_at + timedelta(days=measure.days)
    return measure.ends_at
