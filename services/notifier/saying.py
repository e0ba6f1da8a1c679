"""What each mail says: codes and ISO 8601 times, so that it can be rendered in any language.

Pure. What is absent is not said. Readers on the accused's side get the case's number, listing and
type; what every mail says of a complainant's own complaint comes from `of_complaint`.
"""

from collections.abc import Iterable
from datetime import datetime

from contracts.case import (
    AppealDecided,
    AppealOpened,
    AppealRejected,
    CaseAdmitted,
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseResumed,
    CaseRetyped,
    CounterNoticeLapsed,
    CounterNoticeReminded,
    CounterNoticeRequested,
    ExtensionGranted,
    ExtensionRefused,
    Finding,
    InformationLapsed,
    InformationRequested,
    InterimMeasureImposed,
    InterimMeasureKept,
    InterimMeasureLifted,
    Measure,
    NoteAdded,
    StatementOfReasons,
)
from contracts.codec import Fact
from contracts.complaint import ComplaintFiled, GuestLinkAsked
from contracts.mail import Audience
from contracts.member import MeasureImposed, MeasureReversed
from services.notifier.so_far import CaseSoFar
from services.notifier.table import ACCUSED, COMPLAINANT

QUOTED_CHARACTERS = 2000
"""Longer texts are cut in mails: the page shows all of them."""

STATEMENT_CHARACTERS = 20_000
"""A statement of reasons is told whole (Regulation 2019/1150, Art. 4); this is only a bound to what
a mail can hold."""

LISTING_MEASURES = {
    "search_demotion", "listing_hidden", "listing_removed", "listing_frozen", "listing_restriction",
}  # fmt: skip
"""What complainants learn of the measures: those on the information they complained about (Digital
Services Act, Art. 16(5)), not those on the member."""

Said = dict[str, str | None]


def params(
    case: CaseSoFar,
    fact: Fact,
    side: Audience,
    reader: str,
    *,
    measure: MeasureImposed | None = None,
    template: str = "",
) -> dict[str, str]:
    """What the template needs of `fact` for `reader` on `side`; `measure` is what a fact of a
    measure is about. `template` "decided" tells an appeal's end to who never knew the first."""
    said: Said = {}
    if side != COMPLAINANT:
        said = {"number": case.number, "listing": case.listing, "type": case.complaint_type}
    elif also := case.same_filer(reader):
        said = {"also": ", ".join(also)}
    if measure is not None:
        said |= _measure(case, measure, fact)
    elif isinstance(fact, AppealDecided):
        said |= _decision(fact, side)
        if template != "decided":
            said |= {
                "result": fact.result,
                "appeal_explanation": clip(fact.explanation),
                "yours": _yours(case, fact.appeal_id, side, reader),
            }
    else:
        said |= _said(case, fact, side, reader)
    return {name: value for name, value in said.items() if value is not None}


def _said(case: CaseSoFar, fact: Fact, side: Audience, reader: str) -> Said:
    match fact:
        case ComplaintFiled():
            return {"filed_at": _iso(fact.filed_at), "description": _own_words(fact)}
        case GuestLinkAsked():
            return {"holds_until": _iso(fact.holds_until)}
        case CaseAdmitted():
            return {"due_at": _iso(case.answer_due_at)}
        case CaseDeclaredInadmissible():
            return {
                "explanation": clip(fact.explanation),
                "appeal_until": _iso(fact.appeal_until),
            }
        case CounterNoticeRequested():
            allegation = clip(fact.allegation) if side == ACCUSED else None
            return {"due_at": _iso(fact.due_at), "allegation": allegation}
        case CounterNoticeReminded() | CounterNoticeLapsed() | ExtensionGranted():
            return {"due_at": _iso(fact.due_at)}
        case ExtensionRefused():
            return {"explanation": clip(fact.explanation), "due_at": _iso(case.answer_due_at)}
        case InformationRequested():
            return {"question": clip(fact.question), "due_at": _iso(fact.due_at)}
        case InformationLapsed():
            return {"due_at": _iso(fact.due_at)}
        case CaseResumed():
            due_at = fact.answer_due_at if side == ACCUSED else fact.information_due_at
            return {"due_at": _iso(due_at)}
        case CaseRetyped():
            return {"to_type": fact.to_type}
        case NoteAdded():
            return {"text": clip(fact.text)}
        case InterimMeasureImposed():
            measures = _measures((), (fact.measure,), side)
            told = {"measures": measures, "recheck_at": _iso(fact.recheck_at)}
            return told | _statement(fact.statement) | {"decided_at": _iso(fact.at)}
        case InterimMeasureKept():
            kept = case.interim.get(fact.measure_id)
            return {
                "measures": _measures((), (kept.measure,), side) if kept else "",
                "explanation": clip(fact.explanation),
                "recheck_at": _iso(fact.recheck_at),
            }
        case InterimMeasureLifted():
            imposed = case.interim.get(fact.measure_id)
            kinds = _measures((), (imposed.measure,), side) if imposed else None
            return {"measures": kinds, "explanation": clip(fact.explanation)}
        case CaseDecided():
            return _decision(fact, side)
        case AppealOpened():
            return {
                "due_at": _iso(fact.due_at),
                "yours": _yes(_is_appellant(fact.appellant, fact.complaint_id, side, reader)),
            }
        case AppealRejected():
            return {"explanation": clip(fact.explanation)}
        case CaseClosed():
            return {"decided": _yes(case.standing is not None)}
        case _:
            return {}


def _decision(fact: CaseDecided | AppealDecided, side: Audience) -> Said:
    unfounded = side == COMPLAINANT and isinstance(fact, CaseDecided) and fact.manifestly_unfounded
    findings = _findings(fact.findings) if side == ACCUSED else None
    return {
        "outcome": fact.outcome.value if fact.outcome else None,
        "manifestly_unfounded": _yes(unfounded),
        "decided_at": _iso(fact.at),
        "measures": _measures(
            fact.statement.restrictions if fact.statement else (), fact.measures, side
        ),
        "findings": findings,
        "appeal_until": _iso(fact.appeal_until),
        **(_statement(fact.statement) if fact.statement else {}),
    }


def _statement(statement: StatementOfReasons) -> Said:
    return {
        "facts": clip(statement.facts, STATEMENT_CHARACTERS),
        "ground": statement.ground.kind,
        "rule": statement.ground.reference,
        "explanation": clip(statement.ground.explanation, STATEMENT_CHARACTERS),
        "territory": ", ".join(statement.territory),
        "ends_at": _iso(statement.ends_at),
        "automated_detection": _yes(statement.automated_detection),
        "automated_decision": _yes(statement.automated_decision),
    }


def _measure(case: CaseSoFar, measure: MeasureImposed, fact: Fact) -> Said:
    days = (measure.ends_at - measure.starts_at).days if measure.ends_at else None
    later = measure.starts_at > measure.at
    explanation = fact.explanation if isinstance(fact, MeasureImposed | MeasureReversed) else ""
    return {
        "measures": _coded(measure.kind, days),
        "product_id": measure.product_id,
        "starts_at": _iso(measure.starts_at) if later else None,
        "ends_at": _iso(measure.ends_at),
        "explanation": clip(explanation) or None,
    }


def _measures(restrictions: Iterable[str], measures: Iterable[Measure], side: Audience) -> str:
    """`listing_hidden account_frozen:7`: kinds, each once, with days where there is an end."""
    days: dict[str, int | None] = dict.fromkeys(restrictions)
    days |= {each.kind: each.days for each in measures}
    shown = (kind for kind in days if side != COMPLAINANT or kind in LISTING_MEASURES)
    return " ".join(_coded(kind, days[kind]) for kind in shown)


def _coded(kind: str, days: int | None) -> str:
    return f"{kind}:{days}" if days else kind


def _findings(findings: Iterable[Finding]) -> str | None:
    """`SM3 general INF 0.5`, one a line."""
    lines = (f"{each.reason} {each.gravity} {each.track} {each.points}" for each in findings)
    return "\n".join(lines) or None


def decision_of(case: CaseSoFar, fact: Fact) -> str | None:
    """The decision that a mail about `fact` tells: from being told runs the time to appeal."""
    match fact:
        case AppealDecided():
            # What an appeal has changed is a decision in its turn.
            return fact.decision_id if fact.result == "affirmed" else fact.appeal_id
        case CaseDecided() | CaseDeclaredInadmissible():
            return fact.decision_id
        case InterimMeasureImposed():
            return fact.measure.id
        case _:
            return None


def _yours(case: CaseSoFar, appeal_id: str, side: Audience, reader: str) -> str | None:
    appellant = case.appeals.get(appeal_id)
    own = appellant and _is_appellant(appellant.side, appellant.complaint_id, side, reader)
    return _yes(bool(own))


def _is_appellant(appellant: str, complaint_id: str | None, side: Audience, reader: str) -> bool:
    return appellant == side and (side == ACCUSED or complaint_id == reader)


def of_complaint(filed: ComplaintFiled) -> dict[str, str]:
    """What every mail to the complainant says of their own complaint. `guest` is the holder of the
    signed link that a guest needs to open it."""
    told = {"number": filed.number, "reason": filed.reason, "product": filed.product.link}
    if filed.complainant.kind == "guest":
        told["guest"] = filed.complainant.id
    return told


def _own_words(filed: ComplaintFiled) -> str | None:
    """The description, for a member's receipt. A guest's address is unproven, and a form that
    mails anybody's text to any address is a spammer's tool: guests read it on the page."""
    return clip(filed.description) if filed.complainant.kind == "member" else None


def clip(text: str, limit: int = QUOTED_CHARACTERS) -> str:
    """`text`, cut to `limit` characters with an ellipsis that shows it."""
    return text if len(text) <= limit else text[:limit].rstrip() + " …"


def _yes(true: bool) -> str | None:
    return "yes" if true else None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
