"""Reason texts as moderators use them and senior ones keep them, for the API and the console."""

from collections.abc import Sequence

import sqlalchemy as sa

from contracts.codec import Fact
from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id, new_id
from contracts.staff import ReasonTextRetired, ReasonTextWritten
from contracts.staff import Wording as WordingKept
from services.moderation.commands import Command, Decide, DecideAppeal
from services.moderation.reason_texts import (
    MOST,
    OfferedText,
    ReasonText,
    WriteReasonText,
    check,
    offered,
    shipped,
    unfilled,
)
from services.moderation.staff_desk import check as check_reader
from services.moderation.staff_views import reason_texts
from services.runtime.auth import Principal, Role
from services.runtime.clock import Clock
from services.runtime.database import Database, Row, rows_of
from services.runtime.events import EventStore
from services.runtime.problems import Forbidden, Invalid, NotFound
from services.runtime.projection import Projector
from services.runtime.sentences import gettext as _

WRITERS: tuple[Role, ...] = ("senior_moderator", "supervisor")


class ReasonTexts:
    def __init__(
        self, *, events: EventStore, projector: Projector, database: Database, clock: Clock
    ) -> None:
        self._events = events
        self._projector = projector
        self._database = database
        self._clock = clock

    async def all(
        self, who: Principal, *, complaint_type: str | None = None, retired: bool = False
    ) -> tuple[ReasonText, ...]:
        """Those that are offered, or for one type of complaint; with `retired`, also the others."""
        check_reader(who)
        return tuple(
            each
            for each in await self._known()
            if (retired or not each.retired)
            and (complaint_type is None or each.is_for(complaint_type))
        )

    async def offered(
        self, who: Principal, complaint_type: str, *, language: str, title: str
    ) -> tuple[OfferedText, ...]:
        """What a decision on a listing called `title` may begin with."""
        texts = await self.all(who, complaint_type=complaint_type)
        return tuple(offered(each, language, title=title) for each in texts)

    async def one(self, who: Principal, text_id: str) -> ReasonText:
        """Raises NotFound."""
        check_reader(who)
        for each in await self._known():
            if each.id == text_id:
                return each
        raise NotFound(_("There is no such reason text."))

    async def write(
        self,
        who: Principal,
        asked: WriteReasonText,
        *,
        text_id: str | None = None,
        if_match: int | None = None,
        key: str | None = None,
    ) -> ReasonText:
        """A new text, or other words for the one with this id, which is offered again if it was
        retired. The same `key` makes one text. Raises Invalid, NotFound, Stale."""
        _check_writer(who)
        check(asked)
        if text_id is not None:
            await self.one(who, text_id)
        elif len(await self.all(who)) >= MOST:
            message = _("Retire one of the texts first: more cannot be kept.")
            raise Invalid([{"field": "wordings", "message": message}])
        known_as = text_id or (derived_id("reason-text-of", who.id, key) if key else new_id())
        fact = ReasonTextWritten(
            text_id=known_as,
            complaint_types=asked.types,
            wordings=tuple(WordingKept(**each.model_dump()) for each in asked.wordings),
            by=who.id,
            at=self._clock(),
        )
        command = derived_id("write-text", known_as) if key else new_id()
        await self._append(who, known_as, fact, if_match, command)
        return await self.one(who, known_as)

    async def retire(self, who: Principal, text_id: str, *, if_match: int | None = None) -> None:
        """It is offered no more. Raises NotFound, Stale."""
        _check_writer(who)
        if (await self.one(who, text_id)).retired:
            return
        fact = ReasonTextRetired(text_id=text_id, by=who.id, at=self._clock())
        await self._append(who, text_id, fact, if_match, new_id())

    async def check_filled(self, command: Command) -> None:
        """Raises Invalid where a decision still has fields of a text in it."""
        match command:
            case Decide():
                field, facts = "facts", command.facts
            case DecideAppeal() if command.ruling is not None:
                field, facts = "ruling.facts", command.ruling.facts
            case _:
                return
        if "[" in facts and (left := unfilled(facts, await self._known())):
            message = _("Fill in %(fields)s.") % {"fields": ", ".join(left)}
            raise Invalid([{"field": field, "message": message}])

    async def _known(self) -> Sequence[ReasonText]:
        """Every text that there is or was: those of the software first, as they were changed."""
        query = sa.select(reason_texts).order_by(reason_texts.c.at, reason_texts.c.id)
        async with self._database.read() as connection:
            written = {row["id"]: row for row in await rows_of(connection, query)}
        ours = [(each, written.pop(each.id, None)) for each in shipped()]
        return (*(_changed(was, row) for was, row in ours), *map(_text, written.values()))

    async def _append(
        self, who: Principal, text_id: str, fact: Fact, if_match: int | None, command: str
    ) -> None:
        handled = await self._events.handle(
            Aggregate(kind="staff", id=derived_id("reason-text", text_id)),
            initial=None,
            evolve=lambda _state, _fact: None,
            decide=lambda _state: [fact],
            meta=Meta(id=command, time=self._clock(), actor=who.actor, correlation=command),
            if_match=if_match,
        )
        await self._projector.wait_for(handled.sequence)


def _changed(shipped_text: ReasonText, row: Row | None) -> ReasonText:
    """A text of the software as it stands. One that was only retired keeps its words."""
    if row is None:
        return shipped_text
    if row["wordings"]:
        return _text(row)
    return shipped_text.model_copy(update={k: row[k] for k in ("retired", "by", "at", "version")})


def _text(row: Row) -> ReasonText:
    return ReasonText.model_validate(row)


def _check_writer(who: Principal) -> None:
    if not who.may(*WRITERS):
        raise Forbidden(_("Reason texts are kept by senior moderators and supervisors."))
