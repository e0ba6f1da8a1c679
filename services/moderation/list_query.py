"""A list of cases as it is asked for: the parameters of the API, of the console's addresses, of
saved queues, exports and bulk actions are the same."""

from collections.abc import Iterable
from typing import Annotated, Self
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.moderation.queues import QUEUES, Order, QueueFilters
from services.moderation.state import Status
from services.runtime.problems import Invalid, NotFound, sentence
from services.runtime.sentences import gettext as _

Days = Annotated[int | None, Field(ge=0, le=36500)]
Line = Annotated[str | None, Field(max_length=200)]

_MANY = frozenset({"state"})


class ListQuery(BaseModel):
    """Which cases. Everything beside `queue` narrows the queue down."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    queue: Annotated[
        str, Field(description="A queue's name, see `/moderation/queues`.", examples=["lapsed"])
    ] = "all"
    q: Annotated[
        Line,
        Field(
            description="Words of a description, in any form, or the number of a case or "
            "complaint. Words may be begun only.",
            examples=["чехол"],
        ),
    ] = None
    state: Annotated[
        list[Status], Field(description="Without it, those of the queue.", max_length=20)
    ] = []
    type: Annotated[Line, Field(examples=["SM"])] = None
    reason: Annotated[Line, Field(examples=["SM3"])] = None
    severity: Annotated[int | None, Field(ge=1, le=4)] = None
    language: Annotated[Line, Field(description="Of the first complaint.", examples=["ru"])] = None
    accused: Annotated[Line, Field(description="A member's id.")] = None
    product: Annotated[Line, Field(description="A product's id.")] = None
    moderator: Annotated[
        Line, Field(description="Who holds the case or, with `state`, decided it.")
    ] = None
    older_than: Annotated[Days, Field(description="Days since it was opened, at least.")] = None
    newer_than: Annotated[Days, Field(description="Days since it was opened, at most.")] = None
    due_within: Annotated[
        int | None, Field(ge=0, le=10_000, description="Hours until the next deadline, at most.")
    ] = None
    mine: Annotated[bool, Field(description="Those that the reader claimed last.")] = False
    overdue: Annotated[bool, Field(description="Those whose deadline has passed.")] = False
    trusted_flagger: bool = False
    escalated: bool = False
    on_hold: bool = False
    order: Annotated[
        Order | None,
        Field(description="The most urgent (`due`), newest, oldest or most severe first."),
    ] = None

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, object]]) -> Self:
        """The query of an address or form; what is empty says nothing. Raises Invalid."""
        values: dict[str, object] = {}
        for name, value in pairs:
            if not isinstance(value, str) or not value.strip():
                continue
            if name in _MANY:
                many = values.setdefault(name, [])
                assert isinstance(many, list)
                many.append(value)
            else:
                values[name] = value.strip()
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise Invalid(
                [
                    {"field": str(each["loc"][0]), "message": sentence(each)}
                    for each in error.errors()
                ]
            ) from None

    @classmethod
    def read(cls, text: str) -> Self:
        """The query that `text` says, as `__str__` wrote it."""
        return cls.of(parse_qsl(text))

    def filters(self) -> QueueFilters:
        """What the list is narrowed to. Raises NotFound for a queue that does not exist."""
        queue = QUEUES.get(self.queue)
        if queue is None:
            raise NotFound(_("There is no such queue."))
        return queue.filters.narrowed(
            QueueFilters(
                states=tuple(self.state),
                type=self.type,
                reason=self.reason,
                severity=self.severity,
                language=self.language,
                accused=self.accused,
                product=self.product,
                moderator=self.moderator,
                older_than=self.older_than,
                newer_than=self.newer_than,
                due_within=self.due_within,
                text=self.q,
                mine=self.mine,
                overdue=self.overdue,
                trusted_flagger=self.trusted_flagger,
                escalated=self.escalated,
                on_hold=self.on_hold,
                order=self.order or queue.filters.order,
            )
        )

    def __str__(self) -> str:
        """As in an address: only what says something, always in the same order."""
        said = ListQuery.model_validate(self, from_attributes=True).model_dump(
            mode="json", exclude_defaults=True
        )
        texts = {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in said.items()
        }
        return urlencode(texts, doseq=True)

    def narrowing(self) -> dict[str, object]:
        """What narrows the queue, without the order: by the parameters' names."""
        return self.model_dump(mode="json", exclude_defaults=True, include=set(NARROWING))


NARROWING: tuple[str, ...] = tuple(
    name for name in ListQuery.model_fields if name not in ("queue", "order")
)
