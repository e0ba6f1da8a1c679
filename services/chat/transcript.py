"""A chat as text, to keep or to hand over as evidence."""

from collections.abc import Iterable

from contracts.ids import number
from services.chat.shown import Event


def as_text(chat_id: str, events: Iterable[Event]) -> str:
    """Times are UTC."""
    lines = [f"Chat {number('S', chat_id)}", ""]
    for event in events:
        at = event["at"][:16].replace("T", " ")
        match event["type"]:
            case "message" | "answer" | "left_message":
                who = event.get("name") or event["role"]
                text = "(removed)" if event.get("redacted") else event["text"]
                lines.append(f"[{at}] {who}: {text}")
                lines += [
                    f"    {source['title']}: {source['href']}"
                    for source in event.get("sources", ())
                ]
                lines += [f"    [{file['name']}]" for file in event.get("attachments", ())]
            case "connected":
                lines.append(f"[{at}] — {event['operator']} —")
                if event["greeting"]:
                    lines.append(f"[{at}] {event['operator']}: {event['greeting']}")
            case "ended" | "abandoned":
                lines.append(f"[{at}] — end —")
    return "\n".join(lines) + "\n"
