"""Canned replies: data by language, each with a shortcut, and fields that a chat fills."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter

DATA: Final = Path(__file__).parent / "data" / "replies.json"


class Reply(BaseModel):
    """`text` may name the fields `{customer}` and `{operator}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    shortcut: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,30}$")]
    title: str
    text: str

    def filled(self, *, customer: str, operator: str) -> str:
        """With the names put in. Where one is not known, the space before it goes too."""
        text = self.text
        for field, name in (("{customer}", customer), ("{operator}", operator)):
            if name:
                text = text.replace(field, name)
            else:
                for before in (", ", " يا ", " ", ""):
                    text = text.replace(before + field, "")
        return text


class Replies:
    """The replies of every language; `en` stands in for those that have none."""

    def __init__(self, replies: Mapping[str, Sequence[Reply]]) -> None:
        self._replies = {language: tuple(each) for language, each in replies.items()}

    @classmethod
    def load(cls, path: Path = DATA) -> "Replies":
        """Raises ValueError when the file says something else than replies."""
        data = json.loads(path.read_text())
        return cls(TypeAdapter(dict[str, tuple[Reply, ...]]).validate_python(data))

    def of(self, language: str, *, customer: str, operator: str) -> list[Reply]:
        """The replies for a chat, filled in."""
        found = self._replies.get(language.split("-", 1)[0]) or self._replies.get("en", ())
        return [
            each.model_copy(update={"text": each.filled(customer=customer, operator=operator)})
            for each in found
        ]

    def expanded(self, text: str, language: str, *, customer: str, operator: str) -> str:
        """The reply whose shortcut is the whole text (`/hello`); any other text as it is."""
        if text.startswith("/"):
            for each in self.of(language, customer=customer, operator=operator):
                if text[1:] == each.shortcut:
                    return each.text
        return text
