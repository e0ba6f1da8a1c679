"""A chat as text, to keep or to hand over as evidence."""

from collections.abc import Callable, Iterable

from contracts.ids import number
from services.chat.shown import Event
from services.runtime.sentences import gettext as _

SPEAKERS = {
    "customer": _("Customer"),
    "bot": _("Eva, virtual agent"),
    "operator": _("Support"),
    "supervisor": _("Support"),
}


def as_text(
    chat_id: str, events: Iterable[Event], *, say: Callable[[str], str] = str, site: str = ""
) -> str:
    """Times are UTC. `say` tells a marked sentence in the reader's language (without, English);
    `site` is the origin of the links to help articles."""
    lines = [f"{say(_('Copy of the chat'))} {number('S', chat_id)} (UTC)", ""]
    for event in events:
        at = event["at"][:16].replace("T", " ")
        match event["type"]:
            case "message" | "answer" | "left_message":
                who = event.get("name") or say(SPEAKERS[event["role"]])
                gone = event.get("redacted")
                text = say(_("This message was removed.")) if gone else event["text"]
                lines.append(f"[{at}] {who}: {text}")
                lines += [
                    f"    {source['title']}: {_whole(site, source['href'])}"
                    for source in event.get("sources", ())
                ]
                lines += [f"    [{file['name']}]" for file in event.get("attachments", ())]
            case "connected":
                joined = _("%(name)s has joined.") % {"name": event["operator"]}
                lines.append(f"[{at}] {say(joined)}")
                if event["greeting"]:
                    lines.append(f"[{at}] {event['operator']}: {event['greeting']}")
            case "complaint":
                filed = _("Complaint %(number)s was filed from this chat.")
                lines.append(f"[{at}] {say(filed % {'number': event['number']})}")
            case "ended" | "abandoned":
                lines.append(f"[{at}] {say(_('The chat has ended.'))}")
    return "\n".join(lines) + "\n"


def _whole(site: str, href: str) -> str:
    return f"{site}{href}" if href.startswith("/") else href
