"""What the chat does because of a fact or a deadline."""

from contracts.codec import Message
from contracts.complaint import ComplaintFiled
from contracts.ids import derived_id, number
from contracts.streams import CHATS, COMPLAINTS
from services.chat import decider
from services.chat.commands import Commands
from services.chat.eva.agent import Eva
from services.chat.translating import Translating
from services.runtime.reactions import Reactions
from services.runtime.timers import Timers


class Handlers:
    """Every handler may be called again with the same message: it decides on the log."""

    def __init__(self, commands: Commands, eva: Eva, translating: Translating | None) -> None:
        self._commands = commands
        self._eva = eva
        self._translating = translating

    def register(self, reactions: Reactions, timers: Timers) -> None:
        reactions.on(name="link-complaints", stream=COMPLAINTS, subjects=["complaint.*.*"])(
            self.on_complaint
        )
        reactions.on(name="eva", stream=CHATS, subjects=["chat.*.*"])(self._eva.on_chat)
        if self._translating is not None:
            reactions.on(name="translating", stream=CHATS, subjects=["chat.*.*"])(
                self._translating.on_chat
            )
        timers.on_fired(self._commands.on_timer)

    async def on_complaint(self, message: Message) -> None:
        """A complaint that was filed from a chat is told in that chat."""
        for fact in message.facts:
            if isinstance(fact, ComplaintFiled) and fact.chat_id:
                await self._commands.chat(
                    fact.chat_id,
                    lambda chat, filed=fact: decider.link_complaint(  # type: ignore[misc]
                        chat,
                        complaint_id=filed.complaint_id,
                        number=number("C", filed.complaint_id),
                        now=self._commands.clock(),
                    ),
                    by="service:chat",
                    command=derived_id("link", fact.chat_id, fact.complaint_id),
                )
