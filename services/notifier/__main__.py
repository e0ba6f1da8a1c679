"""`python -m services.notifier serve | migrate | replay | redrive | check | mailbox`."""

import asyncio
import sys

from services.notifier.app import build
from services.notifier.mailbox import MailboxSettings, serve
from services.notifier.settings import Settings
from services.runtime import logs, verbs

if __name__ == "__main__":
    if sys.argv[1:] == ["mailbox"]:
        mailbox = MailboxSettings()
        logs.configure(service="mailbox", level="info", style="json")
        asyncio.run(serve(mailbox))
    else:
        verbs.main(Settings, build)
