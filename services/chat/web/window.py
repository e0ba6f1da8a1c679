"""What the window shows of a chat, whoever renders it: lines, ticks, what can be done."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from contracts import chat as facts
from contracts.codec import Message
from services.chat import decider, shown
from services.chat.eva.dialogue import words_of
from services.chat.shown import Event
from services.chat.state import TALKING, Chat, Phase
from services.runtime.auth import Principal
from services.runtime.events import History
from services.runtime.web.text import gettext as _

SAID: Final = {
    "message", "answer", "left_message", "connected", "handed_over", "ended", "abandoned",
    "complaint",
}  # fmt: skip
"""The events that a page shows as lines of the talk."""
OWN_PAGES: Final = {"", "help", "chat", "complaints", "center", "sign-in", "account"}
WRITABLE: Final = TALKING | {Phase.OFFLINE_MESSAGE}
BLANK: Final[dict[str, Any]] = {
    "name": "", "text": "", "redacted": False, "sources": (), "attachments": (), "client_id": "",
    "translation": "", "tick": "sent",
}  # fmt: skip


def view(history: History, chat: Chat, who: Principal | None) -> dict[str, Any]:
    """The template's values, without place and hours."""
    said = lines(history.messages, chat)
    last = next((each for each in reversed(said) if each["type"] == "answer"), None)
    told = last if last is not None and said[-1] is last else None
    with_bot = chat.phase is Phase.BOT
    ended = [each for each in history.facts if isinstance(each, facts.ChatEnded)]
    page = next((each.page for each in history.facts if isinstance(each, facts.ChatInitiated)), "")
    customer = chat.customer
    assert customer is not None
    return {
        "chat_id": chat.id,
        "phase": str(chat.phase),
        "reason": ended[-1].reason if ended else "",
        "open": chat.phase in WRITABLE,
        "waiting": chat.is_waiting,
        "with_bot": with_bot,
        "operator": chat.operator_name if chat.hold and chat.phase is Phase.CONNECTED else "",
        "to_rate": chat.rating_until is not None,
        "lines": said,
        "seq": history.version,
        "read": chat.mark(chat.read, "customer"),
        "quick": quick_replies(chat, told) if with_bot else (),
        "last_answer": told["id"] if told else "",
        "asked_operator": with_bot and told is not None and told["kind"] == "hours",
        "asked_who": with_bot and told is not None and told["kind"] == "status",
        "email": customer.email,
        "page": page if _may_be_a_product(page) else "",
        "claim": who is not None and who.signed_in and customer.kind != "member",
    }


def lines(messages: Sequence[Message], chat: Chat) -> list[Event]:
    """What was said, in order; the customer's own messages with how far they came, the others'
    with a machine's translation where one was made."""
    events = shown.show_all(messages, "customer")
    translated = {each["id"]: each["text"] for each in events if each["type"] == "translated"}
    read, delivered = chat.mark(chat.read, "operator"), chat.mark(chat.delivered, "operator")
    return [
        {
            **BLANK,
            **each,
            "translation": (
                translated.get(each.get("id", ""), "") if each.get("role") != "customer" else ""
            ),
            "tick": tick(each["seq"], read=read, delivered=delivered),
        }
        for each in events
        if each["type"] in SAID
    ]


def tick(seq: int, *, read: int, delivered: int) -> str:
    if seq <= read:
        return "read"
    return "delivered" if seq <= delivered else "sent"


def quick_replies(chat: Chat, answer: Event | None) -> tuple[str, ...]:
    """What is often said next, in the words of the chat's own language: Eva must understand it."""
    if answer is None:
        return ()
    names = {
        "articles": ("quick_yes", "quick_no", "quick_operator"),
        "none": ("quick_operator", "quick_status"),
        "courtesy": ("quick_status", "quick_operator"),
        "status": ("quick_status", "quick_operator"),
        "hours": (),
    }[answer["kind"]]
    words = words_of(chat.language)
    return tuple(words.say(each) for each in names)


def _may_be_a_product(page: str) -> bool:
    """Where the customer came from, unless it is a start page or one of ours."""
    scheme, _host, path, *_rest = urlsplit(page)
    return scheme in ("http", "https") and path.strip("/").partition("/")[0] not in OWN_PAGES


def code_step(chat: Chat, now: datetime) -> str:
    """Whether a guest may ask for a code (`address`), is to enter it (`digits`), or neither."""
    if chat.customer is None or chat.customer.kind != "anonymous" or chat.phase not in TALKING:
        return ""
    code = chat.code
    waits = code is not None and now < code.until and code.wrong < decider.CODE_TRIES
    return "digits" if waits else "address"


def copied(messages: Iterable[Message]) -> Iterator[Event]:
    """The lines of a copy to print."""
    for each in shown.show_all(messages, "customer"):
        if each["type"] in SAID:
            yield {**BLANK, **each}


def wait(low: int, high: int) -> str:
    """A range of seconds as it is told."""
    return _(
        "Probably %(low)s to %(high)s minutes.",
        low=round(low / 60),
        high=max(1, -(-high // 60)),
    )


def ticks() -> dict[str, str]:
    return {"sent": _("Sent"), "delivered": _("Delivered"), "read": _("Read")}


def words() -> dict[str, str]:
    """What the script says, in the page's language."""
    return {
        "you": _("You"),
        "eva": _("Eva, virtual agent"),
        "support": _("Support"),
        "queued": _("You are in the queue."),
        "place": _("Your place in the queue: {position}."),
        "range": _("Probably {low} to {high} minutes."),
        "beyond": _(
            "Our operators will probably not get to it today: Eva answers, a message is answered "
            "by mail, or submit a complaint."
        ),
        "connected": _("{operator} has joined."),
        "handed_over": _("You are being passed to another operator."),
        "ended": _("The chat has ended."),
        "typing": _("{name} is writing…"),
        "sending": _("Sending…"),
        **ticks(),
        "reconnecting": _("Reconnecting…"),
        "offline": _("No connection. What you write is kept, and sent as soon as it is back."),
        "back": _("Connected again."),
        "refused": _("This was not sent: {reason}"),
        "later": _("This is sent in {n} s: {reason}"),
        "failed": _("This cannot be reached at the moment. Please try again."),
        "removed": _("This message was removed."),
        "translated": _("Machine translation"),
        "complaint": _("Complaint {number} was filed from this chat."),
        "article": _("Help article, version {version}"),
        "remove": _("Remove {name}"),
        "uploading": _("{name} is being sent"),
        "many": _("At most 10 files go with one message."),
        "sound_on": _("Sound is on"),
        "sound_off": _("Sound is off"),
        "size": _("Text size: {n}"),
        "emoji": _("Emoji"),
        "close": _("Close"),
        "unread": _("New messages: {n}"),
    }
