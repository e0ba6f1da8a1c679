"""What operators and supervisors do: shifts, offers, talking, transfer, wrap-up, supervision."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from contracts import chat as facts
from contracts.ids import derived_id, new_id
from services.chat import decider, operators
from services.chat.board import Board, chat_aggregate
from services.chat.commands import Commands, operator_aggregate
from services.chat.masking import mask
from services.chat.operators import Operator
from services.chat.presence import Presence
from services.chat.refusals import NoFreeSlot, NotInThisPhase, NotOnShift, OfferGone
from services.chat.state import Chat, Phase
from services.chat.store import Store
from services.chat.talking import Posted, Talking, folded
from services.runtime.auth import Principal
from services.runtime.events import EventStore, Handled, History
from services.runtime.problems import NotFound
from services.runtime.sentences import gettext as _

CAPACITY: Final = 3
"""Chats at a time, until a supervisor says otherwise."""


@dataclass(frozen=True, slots=True)
class Desk:
    """`talking` takes messages of either side through the same gate."""

    commands: Commands
    events: EventStore
    board: Board
    store: Store
    presence: Presence
    talking: Talking

    async def start_shift(self, who: Principal) -> Operator:
        """Begins the shift, or ends an absence. An operator whom no supervisor has described yet
        gets their account's language."""
        now = self.commands.clock()

        def decide(operator: Operator) -> Sequence[Any]:
            made = (
                []
                if operator.id
                else operators.profile(
                    operator,
                    operator_id=who.id,
                    name=who.name or who.id,
                    languages=(who.language.split("-", 1)[0],),
                    skills=(),
                    capacity=CAPACITY,
                    by=who.actor,
                    now=now,
                )
            )
            return [*made, *operators.start_shift(operator, now=now)]

        self.presence.beat(f"operator:{who.id}")
        return await self._operator(who, decide)

    async def end_shift(self, who: Principal) -> Operator:
        now = self.commands.clock()
        return await self._operator(who, lambda each: operators.end_shift(each, now=now))

    async def go_away(self, who: Principal) -> Operator:
        now = self.commands.clock()
        return await self._operator(
            who, lambda each: operators.go_away(each, reason="chosen", now=now)
        )

    async def profile(
        self,
        by: Principal,
        operator_id: str,
        *,
        name: str,
        languages: Sequence[str],
        skills: Sequence[str],
        capacity: int,
    ) -> Operator:
        """A supervisor describes what an operator may be given."""
        now = self.commands.clock()
        handled = await self.commands.operator(
            operator_id,
            lambda each: operators.profile(
                each,
                operator_id=operator_id,
                name=name or each.name or operator_id,
                languages=languages,
                skills=skills,
                capacity=capacity,
                by=by.actor,
                now=now,
            ),
            by=by.actor,
        )
        return await self._seen(handled)

    async def _operator(self, who: Principal, decide: Any) -> Operator:
        return await self._seen(await self.commands.operator(who.id, decide, by=who.actor))

    async def _seen(self, handled: Handled[Operator]) -> Operator:
        """What was done, once the board shows it; a board that is behind shows it later."""
        await self.board.reaches(handled.sequence)
        return handled.state

    async def operator(self, operator_id: str) -> Operator:
        """As the board has them; a new one when nobody of that id ever worked."""
        known = self.board.operators.get(operator_id)
        if known is not None:
            return known
        operator = operators.NEW_OPERATOR
        for fact in (await self.events.read(operator_aggregate(operator_id))).facts:
            operator = operators.evolve(operator, fact)  # type: ignore[arg-type]
        return operator

    async def accept(self, who: Principal, chat_id: str, *, greeting: str) -> int:
        """Takes an offer. Raises OfferGone when it is over."""
        operator = await self.operator(who.id)
        slot = operator.slot(chat_id)
        if slot is None:
            raise OfferGone(_("This offer is over: the chat went on without you."))
        accepted = await self.commands.chat(
            chat_id,
            lambda chat: decider.accept(
                chat,
                offer_id=slot.offer_id,
                operator_id=who.id,
                name=operator.name,
                greeting=greeting,
                now=self.commands.clock(),
            ),
            by=who.actor,
            command=derived_id("accept", slot.offer_id),
        )
        return accepted.sequence

    async def decline(self, who: Principal, chat_id: str) -> int:
        slot = (await self.operator(who.id)).slot(chat_id)
        if slot is None:
            return 0
        declined = await self.commands.chat(
            chat_id,
            lambda chat: decider.decline(
                chat, offer_id=slot.offer_id, operator_id=who.id, now=self.commands.clock()
            ),
            by=who.actor,
        )
        return declined.sequence

    async def take(self, who: Principal, chat_id: str) -> int:
        """Takes a message that was left out of hours: a slot, an offer and its acceptance."""
        chat = await self._chat(chat_id)
        if chat.phase is not Phase.OFFLINE_MESSAGE:
            raise NotInThisPhase(_("Somebody has taken this already."), phase=chat.phase)
        offer_id = chat.next_offer
        reserved = (await self.commands.reserve(chat_id, who.id, offer_id)).state
        if not reserved.is_online:
            raise NotOnShift(_("Start your shift first."))
        if reserved.slot(chat_id) is None:
            raise NoFreeSlot(_("Bring one of your chats to its end first."))
        offered = await self.commands.offer(chat_id, who.id, offer_id)
        if offered.state.operator_id != who.id:
            raise OfferGone(_("Somebody else was faster."))
        accepted = await self.commands.chat(
            chat_id,
            lambda each: decider.accept(
                each,
                offer_id=offer_id,
                operator_id=who.id,
                name=reserved.name,
                greeting="",
                now=self.commands.clock(),
            ),
            by=who.actor,
            command=derived_id("accept", offer_id),
        )
        return accepted.sequence

    async def post(
        self,
        who: Principal,
        chat_id: str,
        *,
        client_id: str,
        text: str,
        attachments: Sequence[str] = (),
    ) -> Posted:
        """A message of the chat's operator, or of a supervisor who joined to write."""
        message_id = derived_id("message", chat_id, who.id, client_id)
        hidden = mask(text)
        files = await self.talking.files(attachments, by=(who.actor,))

        def decide(chat: Chat) -> Sequence[facts.ChatFact]:
            return decider.post(
                chat,
                message_id=message_id,
                client_id=client_id,
                role="operator" if chat.operator_id == who.id else "supervisor",
                by=who.id,
                name=who.name,
                text=hidden.text,
                attachments=files,
                masked=hidden.numbers,
                now=self.commands.clock(),
            )

        posted = await self.commands.chat(chat_id, decide, by=who.actor, command=message_id)
        return Posted(message_id, posted.sequence, hidden.numbers)

    async def mark(
        self, who: Principal, chat_id: str, *, kind: Literal["delivered", "read"], sequence: int
    ) -> None:
        """Only the chat's operator's reading is told to the customer."""
        chat = self.board.chats.get(chat_id)
        if chat is None or chat.operator_id != who.id:
            return
        if sequence <= chat.mark(chat.read if kind == "read" else chat.delivered, "operator"):
            return
        await self.commands.chat(
            chat_id,
            lambda each: decider.mark(
                each, kind=kind, role="operator", sequence=sequence, now=self.commands.clock()
            ),
            by=who.actor,
        )

    async def read(self, who: Principal, chat_id: str) -> None:
        """The operator has everything of this chat before them."""
        # Up to what the customer said: a mark for a mark would never end.
        await self.mark(who, chat_id, kind="read", sequence=self.board.unread_up_to(chat_id))

    async def transfer(
        self,
        who: Principal,
        chat_id: str,
        *,
        to_operator: str | None,
        language: str | None,
        skills: Sequence[str],
        reason: str,
    ) -> int:
        """To a person, or to whoever covers the language and the skills."""
        transferred = await self.commands.chat(
            chat_id,
            lambda chat: decider.transfer(
                chat,
                by=who.id,
                to_operator=to_operator,
                language=language,
                skills=skills,
                reason=reason,
                now=self.commands.clock(),
            ),
            by=who.actor,
        )
        return transferred.sequence

    async def note(self, who: Principal, chat_id: str, *, text: str) -> int:
        note_id = new_id()
        noted = await self.commands.chat(
            chat_id,
            lambda chat: decider.note(
                chat, note_id=note_id, by=who.id, text=text, now=self.commands.clock()
            ),
            by=who.actor,
        )
        return noted.sequence

    async def end(
        self,
        who: Principal,
        chat_id: str,
        *,
        reason: Literal["done", "blocked", "answered_by_mail"] = "done",
    ) -> int:
        """Ends the talk; the slot stays taken until the wrap-up is written, or its time is over."""
        now = self.commands.clock()
        chat = await self._chat(chat_id)
        role: Literal["operator", "supervisor"] = (
            "supervisor" if chat.operator_id != who.id and who.may("supervisor") else "operator"
        )
        await self.commands.ended(chat_id, now)
        ended = await self.commands.chat(
            chat_id,
            lambda each: decider.end(
                each,
                role=role,
                by=who.id,
                reason="answered_by_mail" if each.offline and reason == "done" else reason,
                now=now,
            ),
            by=who.actor,
        )
        return ended.sequence

    async def wrap_up(self, who: Principal, chat_id: str, *, code: str, note: str) -> int:
        wrapped = await self.commands.chat(
            chat_id,
            lambda chat: decider.wrap_up(
                chat, by=who.id, code=code, note=note, now=self.commands.clock()
            ),
            by=who.actor,
        )
        return wrapped.sequence

    async def redact(self, who: Principal, chat_id: str, *, message_id: str, reason: str) -> int:
        redacted = await self.commands.chat(
            chat_id,
            lambda chat: decider.redact(
                chat, message_id=message_id, by=who.actor, reason=reason, now=self.commands.clock()
            ),
            by=who.actor,
        )
        return redacted.sequence

    async def supervise(
        self,
        who: Principal,
        chat_id: str,
        *,
        mode: Literal["monitor", "whisper", "barge"] | None,
    ) -> int:
        joined = await self.commands.chat(
            chat_id,
            lambda chat: decider.supervise(
                chat, by=who.id, name=who.name, mode=mode, now=self.commands.clock()
            ),
            by=who.actor,
        )
        return joined.sequence

    async def history(self, chat_id: str) -> History:
        """Raises NotFound."""
        history = await self.events.read(chat_aggregate(chat_id))
        if not history.messages:
            raise NotFound(_("There is no such chat."))
        return history

    async def _chat(self, chat_id: str) -> Chat:
        """A live chat costs no reading. Raises NotFound."""
        live = self.board.chats.get(chat_id)
        return live or folded((await self.history(chat_id)).messages)
