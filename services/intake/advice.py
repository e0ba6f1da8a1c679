"""Dispute or complaint (R15, R16, R18): the eight rules of the policy, as one pure function.

It advises and never refuses: whatever is told here, both ways stay open.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from contracts.taxonomy import taxonomy


class Problem(StrEnum):
    """What the buyer says is wrong. `LISTING`: seen on the page only, nothing was ordered."""

    NOT_RECEIVED = "not_received"
    GOODS = "goods"
    CONDUCT = "conduct"
    LISTING = "listing"


class Way(StrEnum):
    DISPUTE = "dispute"
    COMPLAINT = "complaint"
    BOTH = "both"


Unknown = Literal["order", "received", "protection", "problem"]


@dataclass(frozen=True, slots=True)
class Dispute:
    id: str
    state: Literal["open", "lost"]


@dataclass(frozen=True, slots=True)
class Order:
    """One order of this buyer. None is a fact that nobody told us."""

    id: str
    received: bool | None = None
    protected_until: datetime | None = None
    dispute: Dispute | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known. `orders` is None when nobody could tell whether there is any, and empty when
    there is none."""

    problem: Problem | None = None
    orders: tuple[Order, ...] | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """The way that fits, and why: `rules` are the policy's that apply, the deciding one first.

    `urgent`: protection is about to end, so the dispute comes before anything else (rule 6).
    `unknown` are the facts that were missing where rule 8 decided. `order` is the one that the
    advice is about.
    """

    way: Way
    rules: tuple[int, ...]
    urgent: bool = False
    unknown: tuple[Unknown, ...] = ()
    order: Order | None = None

    @property
    def dispute(self) -> str | None:
        """The dispute that a complaint is linked to (rule 7), lost or still open."""
        return self.order.dispute.id if self.order and self.order.dispute else None


class Terms(BaseModel):
    """The numbers in the rules, and what kind of problem each type and reason is: data."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: str
    dispute_after_days: int
    urgent_hours: int
    problem_of_type: dict[str, Problem]
    problem_of_reason: dict[str, Problem]

    def problem_of(self, code: str) -> Problem | None:
        """The kind of problem that a reason (or a type) names; None where it names none."""
        if code in self.problem_of_reason:
            return self.problem_of_reason[code]
        kind = taxonomy().type_of(code.rstrip("0123456789"))
        return self.problem_of_type.get(kind.code) if kind else None


@cache
def terms() -> Terms:
    """The terms that are shipped with this service."""
    return Terms.model_validate_json(
        files("services.intake").joinpath("data/advice.json").read_bytes()
    )


def advise(situation: Situation, *, now: datetime, terms: Terms) -> Advice:
    """What fits this situation. Where there are several orders, the one that most asks for
    something to be done."""
    problem, orders = situation.problem, situation.orders
    if orders:
        each = (_about(order, problem, now=now, terms=terms) for order in orders)
        return min(each, key=lambda advice: _PRESSING[advice.rules[0]])
    if problem is Problem.LISTING:
        return Advice(Way.COMPLAINT, (1,))
    if problem is Problem.CONDUCT:
        return Advice(Way.COMPLAINT, (5,) if orders is None else (5, 1))
    if orders is None or problem is Problem.NOT_RECEIVED:  # not received, but no order: which?
        return Advice(Way.BOTH, (8,), unknown=("order",))
    return Advice(Way.COMPLAINT, (1,))


_PRESSING: Final = {6: 0, 2: 1, 3: 2, 8: 3, 7: 4, 5: 5, 4: 6, 1: 7}
"""Rules by how much is lost by waiting."""

_WAYS: Final = {
    2: {Way.DISPUTE},
    3: {Way.DISPUTE, Way.COMPLAINT},
    4: {Way.COMPLAINT},
    5: {Way.COMPLAINT},
    6: {Way.DISPUTE},
    7: {Way.COMPLAINT},
}


def _about(order: Order, problem: Problem | None, *, now: datetime, terms: Terms) -> Advice:
    if problem is Problem.LISTING:
        problem = None  # there is an order, so what is wrong with it is not known
    received = False if problem is Problem.NOT_RECEIVED else order.received
    conduct = [5] if problem is Problem.CONDUCT else []
    if order.dispute and order.dispute.state == "lost":
        return _advice([7, *conduct], order)
    left = order.protected_until - now if order.protected_until else None
    if left is None:
        rules = conduct
    elif left > timedelta(0):
        # With a dispute open already, nothing is lost by waiting.
        urgent = left < timedelta(hours=terms.urgent_hours) and order.dispute is None
        rules = [6] if urgent else []
        rules += [2] if received is False else []
        rules += [3] if received and problem is Problem.GOODS else []
        rules += conduct
    else:
        rules = _after_protection(received, problem, -left, terms=terms) + conduct
    if rules:
        return _advice(rules, order)
    return Advice(Way.BOTH, (8,), unknown=_missing(received, problem, left), order=order)


def _after_protection(
    received: bool | None, problem: Problem | None, past: timedelta, *, terms: Terms
) -> list[int]:
    """Rule 3 or 4; neither while it is not known which."""
    if past > timedelta(days=terms.dispute_after_days) or received is False:
        return [4]
    if problem is Problem.CONDUCT:
        return [4]
    if problem is Problem.GOODS and received:
        return [3]
    return []


def _advice(rules: list[int], order: Order) -> Advice:
    ways = set().union(*(_WAYS[rule] for rule in rules))
    way = Way.BOTH if len(ways) > 1 else next(iter(ways))
    return Advice(way, tuple(rules), urgent=6 in rules, order=order)


def _missing(
    received: bool | None, problem: Problem | None, left: timedelta | None
) -> tuple[Unknown, ...]:
    told: Iterable[tuple[Unknown, bool]] = (
        ("protection", left is None),
        ("received", received is None),
        ("problem", problem is None),
    )
    return tuple(name for name, missing in told if missing)
