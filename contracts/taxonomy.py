"""Complaint types and their concrete reasons: data (`data/taxonomy.json`), not code."""

from functools import cache, cached_property
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Reason(BaseModel):
    """A concrete reason. `sev` from 1 (minor) to 4 (extreme); `pts` are points for a general,
    serious or extreme finding; `strike` counts in the IPS track."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str
    en: str
    ru: str
    ar: str
    sev: int
    track: str | None = None
    strike: int | None = None
    pts: tuple[float, float, float] | Literal["esc123"] | None = None
    repeat: float | None = None


class ComplaintType(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str
    en: str
    ru: str
    ar: str
    track: str
    slug: str
    dsa_category: str
    reasons: tuple[Reason, ...]


class Taxonomy(BaseModel):
    """The types in the order that complainants see them."""

    model_config = ConfigDict(frozen=True)
    types: tuple[ComplaintType, ...]

    def find(self, reason_code: str) -> tuple[ComplaintType, Reason] | None:
        """The type and reason of a reason's code, or None."""
        return self._by_reason.get(reason_code)

    def type_of(self, type_code: str) -> ComplaintType | None:
        return next((each for each in self.types if each.code == type_code), None)

    @cached_property
    def _by_reason(self) -> dict[str, tuple[ComplaintType, Reason]]:
        return {reason.code: (kind, reason) for kind in self.types for reason in kind.reasons}


@cache
def taxonomy() -> Taxonomy:
    """The taxonomy that is shipped with the contracts."""
    return Taxonomy.model_validate_json(
        files("contracts").joinpath("data/taxonomy.json").read_bytes()
    )
