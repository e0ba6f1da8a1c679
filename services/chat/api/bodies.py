"""What requests and answers of the chat's API look like."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from contracts.parties import Language
from services.chat.talking import MESSAGE_LIMIT

_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _storable(text: str) -> str:
    if _UNSTORABLE.search(text):
        raise ValueError("There are control characters in this text, which cannot be kept")
    return text


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=MESSAGE_LIMIT),
    AfterValidator(_storable),
]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_storable)
]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=r"^$|^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$"
    ),
]
ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
OperatorId = Annotated[str, StringConstraints(pattern=r"^[0-9a-z-]{1,64}$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Begin(Body):
    """`way`: to the virtual agent, or into the queue for an operator."""

    way: Literal["bot", "operator"] = "operator"
    language: Language = "en"
    name: Words = ""
    email: Email = ""
    page: Annotated[str, StringConstraints(max_length=500)] = ""
    identity: Annotated[str, StringConstraints(max_length=4000)] | None = Field(
        default=None,
        description="The signed-in member of an embedding site: a JSON Web Token (HS256) with "
        "`aud` `redress:chat`, `sub`, `exp`, and perhaps `name`, `email`, `locale`. The answer "
        "then has the chat's `token` for a member too.",
    )


class Post(Body):
    """`client_id` is made by the client, once for each message: sent again, it is stored once.
    `attachments` are ids of files that `POST /api/v1/evidence` took."""

    client_id: ClientId
    text: Text = ""
    attachments: Annotated[tuple[str, ...], Field(max_length=10)] = ()


class Leave(Body):
    client_id: ClientId
    text: Annotated[Text, Field(min_length=1)]
    email: Annotated[Email, Field(min_length=3)]


class Mark(Body):
    """Everything up to the message at `seq`."""

    kind: Literal["delivered", "read"]
    seq: Annotated[int, Field(ge=1)]


class Rating(Body):
    score: Literal[1, 2, 3, 4, 5]
    comment: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""


class AskOperator(Body):
    language: Language | None = None


class SendTranscript(Body):
    email: Email = ""
    language: Language = "en"


class AskCode(Body):
    email: Annotated[Email, Field(min_length=3)]


class Complain(Body):
    """With `consent` the transcript goes along as evidence."""

    product_link: Annotated[str, StringConstraints(max_length=2000)] = ""
    consent: bool


class Complaining(BaseModel):
    """Where the complaint is filed, with what the chat knows filled in."""

    url: str
    seq: int


class TryCode(Body):
    code: Annotated[str, StringConstraints(pattern=r"^\d{6}$")]


class Identify(Body):
    """The chat's own token, as proof that this browser began it."""

    token: str


class Place(BaseModel):
    """`low` and `high` in seconds: half wait at most `low`, four of five at most `high`. None while
    too little is known for an honest number. `beyond_closing`: probably not before closing time."""

    position: int
    low: int | None
    high: int | None
    beyond_closing: bool


class OperatorHours(BaseModel):
    """When operators of a language are there."""

    language: str
    open: bool
    closes_at: str | None
    opens_at: str | None


class ChatView(BaseModel):
    """A chat as its customer sees it. `token` opens it without an account; it is told once, by the
    command that began the chat. `seq` is the last sequence of the chat's log."""

    chat_id: str
    phase: str
    language: str
    customer: str
    operator: str | None = None
    seq: int
    token: str | None = None
    resumed: bool = False
    place: Place | None = None
    hours: OperatorHours
    rating_until: str | None = None
    complaint_id: str | None = None
    events: list[dict[str, Any]] = Field(default_factory=list)


class Done(BaseModel):
    """`seq` is where it stands in the log."""

    seq: int


class MessagePosted(BaseModel):
    """`masked` counts numbers that were hidden in the text."""

    id: str
    seq: int
    masked: int = 0


class Transcript(BaseModel):
    chat_id: str
    events: list[dict[str, Any]]


class Accept(Body):
    greeting: Words = ""


class Transfer(Body):
    """To one operator, or to whoever covers `language` and `skills`."""

    to_operator: OperatorId | None = None
    language: Language | None = None
    skills: Annotated[tuple[Words, ...], Field(max_length=10)] = ()
    reason: Words = ""


class Note(Body):
    text: Annotated[Text, Field(min_length=1)]


class End(Body):
    reason: Literal["done", "blocked"] = "done"


class WrapUp(Body):
    code: Annotated[Words, Field(min_length=1)]
    note: Text = ""


class Redact(Body):
    message_id: str
    reason: Annotated[Words, Field(min_length=1)]


class Supervise(Body):
    """None leaves the chat."""

    mode: Literal["monitor", "whisper", "barge"] | None


class Profile(Body):
    name: Words = ""
    languages: Annotated[tuple[Language, ...], Field(min_length=1, max_length=20)]
    skills: Annotated[tuple[Words, ...], Field(max_length=20)] = ()
    capacity: Annotated[int, Field(ge=1, le=20)] = 3
