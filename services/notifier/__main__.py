"""`python -m services.notifier serve | migrate | replay | redrive | check | mailbox | mark`."""

import argparse
import asyncio
import sys

from services.notifier import marking
from services.notifier.app import build, marks_of
from services.notifier.mailbox import MailboxSettings, serve
from services.notifier.settings import Settings
from services.runtime import logs, verbs
from services.runtime.app import connected


async def mark(arguments: list[str]) -> None:
    """Marks everything that the log would have mailed as told, and says what that was."""
    parser = argparse.ArgumentParser(prog="python -m services.notifier mark")
    parser.add_argument("--dry", action="store_true", help="only count; write nothing")
    dry = parser.parse_args(arguments).dry
    app = build(Settings())
    parts = app.state.parts
    await connected(parts)
    marked = await marking.mark(parts.bus, marks_of(app), dry=dry)
    for (side, template), mails in sorted(marked.items()):
        print(f"{mails:>8,}  {side}/{template}")
    print(f"{marked.total():,} mails {'would be marked' if dry else 'marked'} as told; none sent")
    for close in parts.on_stop:
        await close()
    await parts.bus.close()
    await parts.database.close()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["mailbox"]:
            mailbox = MailboxSettings()
            logs.configure(service="mailbox", level="info", style="json")
            asyncio.run(serve(mailbox))
        case ["mark", *arguments]:
            logs.configure(service="notifier", level="warning", style="console")
            asyncio.run(mark(arguments))
        case _:
            verbs.main(Settings, build)
