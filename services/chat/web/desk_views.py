"""What the desk shows: the list, one chat with its customer, and what can be done with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from contracts.chat import ChatInitiated
from contracts.codec import Message
from services.chat import shown
from services.chat.about import Customers
from services.chat.board import Board
from services.chat.content import Content
from services.chat.desk import Desk
from services.chat.presence import Presence
from services.chat.replies import Replies
from services.chat.state import OVER, Chat, Phase
from services.chat.store import Store
from services.chat.talking import folded
from services.chat.views import chat_view, desk_of, live
from services.chat.wrapping import CODES
from services.runtime.auth import Principal
from services.runtime.clock import Clock
from services.runtime.sentences import gettext as _
from services.runtime.sentences import language_name as named

BLANK: Final = {
    "id": "",
    "name": "",
    "text": "",
    "redacted": False,
    "sources": (),
    "attachments": (),
    "role": "",
    "whisper": False,
    "summary": "",
    "greeting": "",
    "translation": "",
}
SHOWN: Final = {
    "message",
    "answer",
    "left_message",
    "note",
    "connected",
    "ended",
    "abandoned",
    "handoff",
    "handed_over",
    "silent",
    "back",
    "supervisor",
    "complaint",
    "rated",
}
INVITATIONS: Final[Mapping[str, str]] = {
    "en": "Here is your complaint, filled in from this chat. Look at it and send it: {url}",
    "ru": "Вот ваша жалоба, заполненная по этому чату. Проверьте её и отправьте: {url}",
    "ar": "هذه شكواك، معبأة من هذه المحادثة. راجعها ثم أرسلها: {url}",
}
"""Written into the chat, in its own language and not in the operator's."""
LONGEST_ADDRESS: Final = 1500
"""Of a link in a message; a long description is typed anew, or copied from the transcript."""


@dataclass(frozen=True, slots=True)
class DeskViews:
    desk: Desk
    board: Board
    presence: Presence
    store: Store
    customers: Customers
    replies: Replies
    content: Content
    clock: Clock
    public_url: str

    async def expanded(self, who: Principal, chat_id: str, text: str) -> str:
        chat = self.board.chats.get(chat_id)
        if chat is None:
            return text
        return self.replies.expanded(
            text.strip(), chat.language, customer=_name(chat), operator=who.name
        )

    def invitation(self, chat_id: str, url: str) -> str:
        chat = self.board.chats.get(chat_id)
        language = chat.language.split("-", 1)[0] if chat else "en"
        address = url if "://" in url else self.public_url.rstrip("/") + url
        if len(address) > LONGEST_ADDRESS:
            path, _mark, query = address.partition("?")
            told = [pair for pair in parse_qsl(query) if pair[0] != "description"]
            address = f"{path}?{urlencode(told)}"
        return INVITATIONS.get(language, INVITATIONS["en"]).format(url=address)

    async def page(self, who: Principal, chat_id: str) -> dict[str, Any]:
        """Everything that the page names. Raises NotFound."""
        mine = await desk_of(self.desk, self.board, who.id)
        others = [
            chat_view(each)
            for each in self.board.chats.values()
            if each.phase in (Phase.CONNECTED, Phase.BOT) and each.operator_id != who.id
        ]
        context = {
            **mine,
            "queue": live(self.board, self.presence, now=self.clock()),
            "left": await self.store.left_messages(),
            "others": others,
            "supervisor": who.may("supervisor"),
            "greetings": {each["chat_id"]: self._greeting(who, each) for each in mine["offers"]},
            "chat": None,
        }
        return context | await self._chat(who, chat_id) if chat_id else context

    async def _chat(self, who: Principal, chat_id: str) -> dict[str, Any]:
        history = await self.desk.history(chat_id)
        chat = folded(history.messages)
        assert chat.customer is not None
        earlier = await self.store.of_customer(chat.customer.actor, before=None, limit=6)
        lines = self._lines(history.messages)
        supervising = dict(chat.supervisors).get(who.id)
        mine = chat.operator_id == who.id
        speaks = mine or supervising in ("whisper", "barge")
        mode = "read"
        if chat.phase is Phase.CONNECTED and speaks:
            mode = "write"
        elif chat.phase is Phase.WRAP_UP and mine:
            mode = "wrap"
        return {
            "chat": chat,
            "seq": max((each["seq"] for each in lines if each["role"] == "customer"), default=0),
            "mine": mine,
            "mode": mode,
            "supervising": supervising,
            "live": chat.phase not in OVER and chat.phase is not Phase.WRAP_UP,
            "lines": lines,
            "page": _page(history.messages),
            "earlier": [each for each in earlier if each["id"] != chat_id],
            "about": await self.customers.about(chat.customer),
            "replies": self.replies.of(chat.language, customer=_name(chat), operator=who.name),
            "codes": list(CODES.items()),
            "targets": self._targets(who),
        }

    def _lines(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        events = shown.show_all(messages, "staff")
        translated = {each["id"]: each["text"] for each in events if each["type"] == "translated"}
        return [
            {
                **BLANK,
                **each,
                "pieces": self.content.pieces(each.get("text", "")),
                "translation": translated.get(each.get("id", ""), ""),
            }
            for each in events
            if each["type"] in SHOWN
        ]

    def _targets(self, who: Principal) -> list[tuple[str, str]]:
        """To whom a chat can be handed: operators who are there, other languages, skills."""
        there = [
            each
            for each in self.board.operators.values()
            if each.is_online and self.presence.operator_is_here(each.id) and each.id != who.id
        ]
        languages = sorted({language for each in there for language in each.languages})
        skills = sorted({skill for each in there for skill in each.skills})
        return [
            *((f"operator:{each.id}", each.name or each.id) for each in there),
            *(
                (f"language:{each}", _("Whoever speaks %(language)s") % {"language": named(each)})
                for each in languages
            ),
            *(
                (f"skill:{each}", _("Whoever knows “%(skill)s”") % {"skill": each})
                for each in skills
            ),
        ]

    def _greeting(self, who: Principal, offer: Mapping[str, Any]) -> str:
        found = self.replies.of(offer["language"], customer=offer["name"], operator=who.name)
        return found[0].text if found else ""


def _name(chat: Chat) -> str:
    return chat.customer.name if chat.customer else ""


def _page(messages: Sequence[Message]) -> str:
    """Where the customer came from."""
    facts = (fact for message in messages for fact in message.facts)
    return next((fact.page for fact in facts if isinstance(fact, ChatInitiated)), "")
