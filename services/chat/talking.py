"""What customers do: begin a chat, write, ask for a person, leave, end, rate, take a copy."""

import hmac
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final, Literal, NamedTuple

from contracts import chat as facts
from contracts.chat import Visitor
from contracts.codec import Message
from contracts.ids import derived_id, new_id
from contracts.parties import Evidence
from services.chat import decider, state
from services.chat.board import Board, chat_aggregate
from services.chat.commands import Commands, then
from services.chat.limits import Limits
from services.chat.masking import mask
from services.chat.places import Place, Places
from services.chat.presence import Presence
from services.chat.refusals import Blocked, CodeRefused, NotYourChat
from services.chat.schedule import Schedules
from services.chat.state import Chat, Phase
from services.chat.store import Store
from services.runtime.auth import Auth, Principal, guest_id
from services.runtime.auth.codes import code_digits
from services.runtime.events import EventStore, Handled, History
from services.runtime.evidence import EvidenceStore
from services.runtime.problems import Invalid, NotFound, Unavailable
from services.runtime.sentences import gettext as _

MESSAGE_LIMIT: Final = 4000
"""Characters of one message."""
EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+")
PURPOSE: Final = "chat"
"""Of the link that opens a chat to somebody without an account."""
LINK_LIVES: Final = timedelta(days=30)
MEMBERS_LINK_LIVES: Final = timedelta(hours=12)
UPLOADED_BY_ANYBODY: Final = "guest:anonymous"
BLOCKED: Final = timedelta(hours=24)
"""How long somebody whom an operator blocked cannot begin a chat."""


class Begun(NamedTuple):
    """`token` opens the chat to somebody without an account; None for a member."""

    chat: Chat
    sequence: int
    token: str | None
    resumed: bool
    place: Place | None


class Posted(NamedTuple):
    message_id: str
    sequence: int
    masked: int


class Talking:
    """Customers' commands. `who` is checked against the chat each time."""

    def __init__(
        self,
        *,
        commands: Commands,
        events: EventStore,
        evidence: EvidenceStore,
        board: Board,
        store: Store,
        places: Places,
        presence: Presence,
        schedules: Schedules,
        limits: Limits,
        auth: Auth,
        secret: bytes,
    ) -> None:
        self._commands = commands
        self._events = events
        self._evidence = evidence
        self._board = board
        self._store = store
        self._places = places
        self._presence = presence
        self._schedules = schedules
        self._limits = limits
        self._auth = auth
        self._secret = secret

    async def begin(
        self,
        who: Principal | None,
        *,
        way: Literal["bot", "operator"],
        language: str,
        name: str,
        email: str,
        page: str,
        key: str | None,
        address: str,
        with_token: bool = False,
    ) -> Begun:
        """Begins a chat with the virtual agent or in the queue, or goes on with the one that a
        member has open. Out of hours the queue is closed, and the virtual agent answers.

        `with_token`: a member too gets one, in a browser that keeps no session for them."""
        if who is not None and who.signed_in:
            await self._store.reached(self._board.position)
            open_chat = await self._store.live_of_customer(f"member:{who.id}")
            if open_chat is not None:
                resumed = await self._resume(open_chat["id"], with_token)
                # The table may be a moment behind: what has just ended is not gone on with.
                if resumed.chat.phase is not Phase.WRAP_UP and not resumed.chat.is_over:
                    return resumed
            if await self._store.is_blocked(f"member:{who.id}", self._commands.clock() - BLOCKED):
                raise Blocked(_("You were blocked in the chat. Write to us again in a day."))
        self._limits.begin(who.actor if who and who.signed_in else address)
        chat_id = derived_id("chat", who.actor if who else address, key) if key else new_id()
        customer = _visitor(who, chat_id, name=name, email=email, language=language)
        now = self._commands.clock()
        wants = way if self._schedules.is_open(language, now) else "bot"
        preferred = await self._last_operator(customer)

        def decide(chat: Chat) -> Sequence[facts.ChatFact]:
            return then(
                chat,
                lambda each: decider.initiate(
                    each, chat_id=chat_id, customer=customer, page=page, now=now
                ),
                lambda each: (
                    decider.engage_bot(each, now=now)
                    if wants == "bot"
                    else decider.queue(
                        each,
                        language=language,
                        queue_class="returning" if preferred else "normal",
                        preferred=preferred,
                        now=now,
                    )
                ),
            )

        self._presence.beat(f"chat:{chat_id}")
        await self._commands.watch_idle(chat_id, now)
        begun = await self._commands.chat(
            chat_id, decide, by=customer.actor, command=derived_id("begin", chat_id)
        )
        place = await self._placed(begun) if wants == "operator" else None
        token = self._token(begun.state, with_token)
        return Begun(begun.state, begun.sequence, token, False, place)

    async def _resume(self, chat_id: str, with_token: bool) -> Begun:
        history = await self._events.read(chat_aggregate(chat_id))
        chat = folded(history.messages)
        token = self._token(chat, with_token)
        return Begun(chat, history.version, token, True, await self._places.of(chat))

    def _token(self, chat: Chat, for_member: bool = False) -> str | None:
        member = chat.customer is None or chat.customer.kind == "member"
        if member and not for_member:
            return None
        until = self._commands.clock() + (MEMBERS_LINK_LIVES if member else LINK_LIVES)
        return self._auth.links.sign(PURPOSE, chat.id, holder=chat.id, expires=until)

    async def history(self, who: Principal | None, chat_id: str) -> History:
        """The chat's messages, for its customer. Raises NotFound, NotYourChat."""
        history = await self._events.read(chat_aggregate(chat_id))
        admit(folded(history.messages), who)
        return history

    async def admitted(self, who: Principal | None, chat_id: str) -> Chat:
        """The chat, for its customer; a live one costs no reading."""
        chat = self._board.chats.get(chat_id)
        if chat is None:
            chat = folded((await self._events.read(chat_aggregate(chat_id))).messages)
        admit(chat, who)
        return chat

    async def post(
        self,
        who: Principal | None,
        chat_id: str,
        *,
        client_id: str,
        text: str,
        attachments: Sequence[str] = (),
    ) -> Posted:
        """Stores a message; it is in the log when this returns. The same client id is stored once,
        for good."""
        chat = await self.admitted(who, chat_id)
        assert chat.customer is not None
        customer = chat.customer
        message_id = derived_id("message", chat_id, "customer", client_id)
        self._limits.post(chat_id, message_id)
        hidden = mask(text)
        files = await self.files(attachments, by=(customer.actor, who.actor if who else ""))
        posted = await self._commands.chat(
            chat_id,
            lambda each: then(
                each,
                lambda one: decider.came_back(one, now=self._commands.clock()),
                lambda one: decider.post(
                    one,
                    message_id=message_id,
                    client_id=client_id,
                    role="customer",
                    by=customer.actor,
                    name=customer.name,
                    text=hidden.text,
                    attachments=files,
                    masked=hidden.numbers,
                    now=self._commands.clock(),
                ),
            ),
            by=customer.actor,
            command=message_id,
        )
        return Posted(message_id, posted.sequence, hidden.numbers)

    async def files(self, ids: Sequence[str], *, by: Sequence[str]) -> list[Evidence]:
        """Files that went through the checks of evidence (`POST /api/v1/evidence`)."""
        found = [await self._evidence.info(each) for each in ids]
        known = [each for each in found if each and each.uploaded_by in (*by, UPLOADED_BY_ANYBODY)]
        if len(known) < len(ids):
            raise Invalid(
                [{"field": "attachments", "message": _("A file is missing. Send it again.")}]
            )
        return known

    async def mark(
        self,
        who: Principal | None,
        chat_id: str,
        *,
        kind: Literal["delivered", "read"],
        sequence: int,
    ) -> None:
        chat = await self.admitted(who, chat_id)
        if sequence <= chat.mark(chat.read if kind == "read" else chat.delivered, "customer"):
            return
        await self._commands.chat(
            chat_id,
            lambda each: decider.mark(
                each, kind=kind, role="customer", sequence=sequence, now=self._commands.clock()
            ),
            by=_actor(chat),
        )

    async def call_operator(
        self, who: Principal | None, chat_id: str, *, language: str | None = None
    ) -> Begun:
        """From the virtual agent into the queue."""
        chat = await self.admitted(who, chat_id)
        assert chat.customer is not None
        return await self.queue(chat, language=language or chat.language, handoff=None)

    async def queue(
        self, chat: Chat, *, language: str, handoff: facts.HandoffRequested | None
    ) -> Begun:
        """Puts a chat into the queue, for its customer or for the virtual agent."""
        assert chat.customer is not None
        now = self._commands.clock()
        preferred = await self._last_operator(chat.customer)
        queued = await self._commands.chat(
            chat.id,
            lambda each: decider.queue(
                each,
                language=language,
                queue_class="returning" if preferred else "normal",
                preferred=preferred,
                handoff=handoff,
                now=now,
            ),
            by=chat.customer.actor,
        )
        return Begun(
            queued.state,
            queued.sequence,
            self._token(queued.state),
            False,
            await self._placed(queued),
        )

    async def _placed(self, queued: Handled[Chat]) -> Place | None:
        """None where it cannot be told yet: the chat waits in the log already, so that is no
        failure, and its place comes over the socket."""
        with suppress(Unavailable):
            if await self._board.reaches(queued.sequence):
                return await self._places.announce(queued.state)
        return None

    async def call_bot(self, who: Principal | None, chat_id: str) -> int:
        """Out of the queue, to the virtual agent."""
        chat = await self.admitted(who, chat_id)
        now = self._commands.clock()
        await self._commands.watch_idle(chat_id, now)
        called = await self._commands.chat(
            chat_id, lambda each: decider.engage_bot(each, now=now), by=_actor(chat)
        )
        return called.sequence

    async def leave_message(
        self, who: Principal | None, chat_id: str, *, client_id: str, text: str, email: str
    ) -> Posted:
        chat = await self.admitted(who, chat_id)
        message_id = derived_id("message", chat_id, "customer", client_id)
        self._limits.post(chat_id, message_id)
        hidden, now = mask(text), self._commands.clock()
        left = await self._commands.chat(
            chat_id,
            lambda each: decider.leave_message(
                each, message_id=message_id, text=hidden.text, email=email, now=now
            ),
            by=_actor(chat),
            command=message_id,
        )
        return Posted(message_id, left.sequence, hidden.numbers)

    async def end(self, who: Principal | None, chat_id: str) -> int:
        """Ends the talk, or leaves the queue."""
        chat = await self.admitted(who, chat_id)
        now = self._commands.clock()
        await self._commands.ended(chat_id, now)
        ended = await self._commands.chat(
            chat_id,
            lambda each: decider.end(each, role="customer", by=_actor(chat), now=now),
            by=_actor(chat),
        )
        return ended.sequence

    async def rate(
        self,
        who: Principal | None,
        chat_id: str,
        *,
        score: Literal[1, 2, 3, 4, 5],
        comment: str,
    ) -> int:
        chat = await self.admitted(who, chat_id)
        now = self._commands.clock()
        rated = await self._commands.chat(
            chat_id,
            lambda each: decider.rate(each, score=score, comment=mask(comment).text, now=now),
            by=_actor(chat),
            command=derived_id("rating", chat_id, str(score), comment),
        )
        return rated.sequence

    async def mail_transcript(
        self, who: Principal | None, chat_id: str, *, to_address: str, language: str
    ) -> int:
        chat = await self.admitted(who, chat_id)
        assert chat.customer is not None
        self._limits.mail(chat_id)
        address = chat.customer.email or to_address
        if not address:
            raise Invalid([{"field": "email", "message": _("Give the address to send it to.")}])
        now = self._commands.clock()
        request = derived_id("transcript", chat_id, address, str(int(now.timestamp()) // 60))
        sent = await self._commands.chat(
            chat_id,
            lambda each: decider.send_transcript(
                each,
                request_id=request,
                to_address=address,
                language=language,
                by=_actor(chat),
                now=now,
            ),
            by=_actor(chat),
            command=request,
        )
        return sent.sequence

    # Who somebody is ------------------------------------------------------------------------

    async def identify(self, who: Principal, chat_id: str, *, token: str) -> int:
        """Somebody who began without an account has signed in."""
        self._auth.links.verify(PURPOSE, token)
        chat = await self.admitted(replace(who).granted(PURPOSE, chat_id), chat_id)
        member = _visitor(who, chat_id, name="", email="", language=chat.language)
        identified = await self._commands.chat(
            chat_id,
            lambda each: decider.identify(each, customer=member, now=self._commands.clock()),
            by=who.actor,
        )
        return identified.sequence

    async def request_code(self, who: Principal | None, chat_id: str, *, email: str) -> int:
        """Mails a code of six digits to the address that a guest says is theirs."""
        chat = await self.admitted(who, chat_id)
        self._limits.mail(chat_id)
        self._limits.mail(email.casefold())
        now = self._commands.clock()
        request = new_id()
        requested = await self._commands.chat(
            chat_id,
            lambda each: decider.request_code(
                each, request_id=request, email=email.strip(), language=chat.language, now=now
            ),
            by=_actor(chat),
        )
        return requested.sequence

    async def try_code(self, who: Principal | None, chat_id: str, *, digits: str) -> int:
        """Proves the address. Raises CodeRefused, with the tries that are left."""
        chat = await self.admitted(who, chat_id)
        assert chat.customer is not None
        now, before = self._commands.clock(), chat.customer

        def decide(each: Chat) -> Sequence[facts.ChatFact]:
            if each.code is None:
                return decider.try_code(each, right=False, customer=before, now=now)
            right = hmac.compare_digest(code_digits(self._secret, each.code.request_id), digits)
            guest = Visitor(
                kind="guest",
                id=guest_id(each.code.email),
                name=before.name,
                email=each.code.email,
                language=before.language,
            )
            return decider.try_code(each, right=right, customer=guest, now=now)

        tried = await self._commands.chat(chat_id, decide, by=_actor(chat))
        for fact in tried.facts:
            if isinstance(fact, facts.EmailCodeTried) and not fact.right:
                wrong = tried.state.code.wrong if tried.state.code else decider.CODE_TRIES
                left = max(0, decider.CODE_TRIES - wrong)
                raise CodeRefused(
                    _("These are not the digits that were mailed. Look again.")
                    if left
                    else _("These are not the digits that were mailed. Ask for a new code."),
                    left=left,
                )
        return tried.sequence

    async def _last_operator(self, customer: Visitor) -> str | None:
        if customer.kind == "anonymous":
            return None
        return await self._store.last_operator(customer.actor)


def folded(messages: Sequence[Message]) -> Chat:
    chat = state.NEW_CHAT
    for message in messages:
        for fact in message.facts:
            chat = state.evolve(chat, fact)  # type: ignore[arg-type]
    return chat


def admit(chat: Chat, who: Principal | None) -> None:
    """Raises NotFound when there is no such chat, NotYourChat when it is another's."""
    if chat.phase is Phase.NEW or chat.customer is None:
        raise NotFound(_("There is no such chat."))
    if who is None:
        raise NotYourChat(_("Open this chat in the browser that began it, or sign in."))
    if who.holds(PURPOSE, chat.id):
        return
    member = who.signed_in and chat.customer.actor == f"member:{who.id}"
    if not member:
        raise NotYourChat(_("This is somebody else's chat."))


def _visitor(
    who: Principal | None, chat_id: str, *, name: str, email: str, language: str
) -> Visitor:
    """An address that nobody proved is a way to reach somebody, and opens nothing."""
    if who is not None and who.signed_in:
        return Visitor(kind="member", id=who.id, name=who.name, email=who.email, language=language)
    return Visitor(kind="anonymous", id=chat_id, name=name, email=email, language=language)


def _actor(chat: Chat) -> str:
    assert chat.customer is not None
    return chat.customer.actor
