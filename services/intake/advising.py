"""Dispute or complaint, for one person and one product: the facts are asked for, and the advice is
put into words."""

from dataclasses import dataclass
from datetime import datetime

from services.intake.advice import Advice, Problem, Situation, Terms, Way, advise, terms
from services.intake.farside import FarSide
from services.runtime.auth import Principal
from services.runtime.clock import Clock
from services.runtime.sentences import gettext as _
from services.runtime.sentences import listed, ngettext


@dataclass(frozen=True, slots=True)
class Advisor:
    """Advises; what the marketplace does not tell is unknown, and never a refusal."""

    far: FarSide
    clock: Clock
    terms: Terms

    async def advise(
        self,
        who: Principal | None,
        product_id: str | None,
        *,
        problem: Problem | None = None,
        reason: str = "",
    ) -> Advice:
        """The advice for `who` about a product. `problem` is what they say is wrong; where they do
        not, the reason (or type) of their complaint tells."""
        situation = Situation(
            problem=problem or self.terms.problem_of(reason),
            orders=await self.far.orders(who, product_id),
        )
        return advise(situation, now=self.clock(), terms=self.terms)


def title(advice: Advice) -> str:
    """The advice in a few words."""
    if advice.urgent:
        return _("Open the dispute first, now")
    if advice.unknown:
        return _("Both ways are open to you")
    return {
        Way.DISPUTE: _("A dispute fits best"),
        Way.COMPLAINT: _("A complaint fits best"),
        Way.BOTH: _("A dispute, and a complaint beside it"),
    }[advice.way]


def reasons(advice: Advice, *, now: datetime) -> list[str]:
    """Why, a sentence or two for each rule that applies."""
    told = [_reason(rule, advice, now) for rule in advice.rules]
    if advice.order and advice.order.dispute and advice.order.dispute.state == "open":
        told.append(
            _("Your dispute %(id)s about this order is open: follow it there.")
            % {"id": advice.order.dispute.id}
        )
    return told


def _reason(rule: int, advice: Advice, now: datetime) -> str:
    until = advice.order.protected_until if advice.order else None
    over = until is not None and until <= now
    match rule:
        case 1:
            return _("There is no order of yours for this item. A complaint needs none.")
        case 2 if 6 in advice.rules:  # which has told until when
            return _("The goods have not arrived: a dispute can bring your money back.")
        case 2:
            return _(
                "The goods have not arrived, and the order is protected until %(until)s. "
                "A dispute can bring your money back."
            ) % {"until": until}
        case 3 if over:
            return ngettext(
                "The goods are wrong, defective or fake, and the protection of the order ended on "
                "%(until)s, not more than %(n)s day ago. The dispute is about your money, the "
                "complaint about the listing.",
                "The goods are wrong, defective or fake, and the protection of the order ended on "
                "%(until)s, not more than %(n)s days ago. The dispute is about your money, the "
                "complaint about the listing.",
                terms().dispute_after_days,
            ) % {"until": until, "n": terms().dispute_after_days}
        case 3:
            return _(
                "The goods are wrong, defective or fake, and the order is protected until "
                "%(until)s. The dispute is about your money, the complaint about the listing."
            ) % {"until": until}
        case 4:
            return _(
                "The protection of the order ended on %(until)s. A complaint brings no refund, "
                "but it can stop the seller from doing the same to others."
            ) % {"until": until}
        case 5:
            return _(
                "How a seller behaves, and what may not be sold or shown, can be complained about "
                "at any time."
            )
        case 6:
            return ngettext(
                "Less than %(n)s hour of protection is left: it ends on %(until)s. Afterwards it "
                "is too late.",
                "Less than %(n)s hours of protection are left: it ends on %(until)s. Afterwards "
                "it is too late.",
                terms().urgent_hours,
            ) % {"until": until, "n": terms().urgent_hours}
        case 7:
            return _(
                "You have lost the dispute %(id)s about this order. A complaint is still possible, "
                "and is linked to it. It brings no refund."
            ) % {"id": advice.dispute}
        case _:
            return _not_known(advice)


def _not_known(advice: Advice) -> str:
    names = {
        "order": _("whether you have ordered it"),
        "received": _("whether the goods have arrived"),
        "protection": _("how long your order is protected"),
        "problem": _("what is wrong with it"),
    }
    missing = listed([names[each] for each in advice.unknown])
    return _(
        "We do not know %(missing)s. Goods that did not arrive, or are wrong, while the order is "
        "protected: a dispute. Anything against the rules of the marketplace: a complaint. "
        "You may do both."
    ) % {"missing": missing}
