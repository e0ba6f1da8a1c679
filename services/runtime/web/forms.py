"""What was typed into a form, and the sentence beside each field that needs another look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from starlette.datastructures import FormData

from services.runtime.problems import Invalid, Refused


@dataclass(frozen=True, slots=True)
class Form:
    """A form as its page shows it. `message` is about the whole form."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    message: str = ""

    @classmethod
    def of(
        cls, data: FormData | Mapping[str, str], *, errors: Mapping[str, str] | None = None
    ) -> Self:
        """What `data` holds, without its files."""
        return cls(_texts(data), errors or {})

    @classmethod
    def refused(cls, data: FormData | Mapping[str, str], refusal: Refused) -> Self:
        """What was typed, and why it was refused: beside its field where the refusal names one."""
        if isinstance(refusal, Invalid):
            return cls(_texts(data), {each["field"]: each["message"] for each in refusal.errors})
        return cls(_texts(data), message=refusal.detail)

    def value(self, name: str, default: str = "") -> str:
        """The (first) value typed, or `default` when the form was not sent with this field."""
        texts = self.values.get(name)
        return texts[0] if texts else default

    def many(self, name: str) -> Sequence[str]:
        return self.values.get(name, ())

    def error(self, name: str) -> str:
        """The sentence beside the field, or an empty one."""
        return self.errors.get(name, "")


def _texts(data: FormData | Mapping[str, str]) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    pairs = data.multi_items() if isinstance(data, FormData) else data.items()
    for name, value in pairs:
        if isinstance(value, str):
            texts.setdefault(name, []).append(value)
    return texts
