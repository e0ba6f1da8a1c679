"""The composition root: the one place where the parts of the notifier are put together."""

from pathlib import Path

from fastapi import FastAPI

from contracts.mail import MailQueued
from contracts.streams import COMPLAINTS, MAIL
from services.notifier import api
from services.notifier.composing import Letter, compose
from services.notifier.handlers import Queueing
from services.notifier.mailbox import Reader
from services.notifier.projection import LEDGER
from services.notifier.rendering import Links, Rendered, render
from services.notifier.sending import Sending
from services.notifier.settings import Settings
from services.notifier.smtp import Smtp, Transport
from services.notifier.store import Ledger
from services.notifier.tables import metadata
from services.notifier.web import routes
from services.runtime.app import assemble, create_app
from services.runtime.auth import Auth
from services.runtime.clock import Clock, utcnow
from services.runtime.marketplace import Directory, Marketplace
from services.runtime.projection import Projector
from services.runtime.web import Pages

WEB = Path(__file__).parent / "web"
HIDDEN_TOKEN = "shown-to-the-reader-only"


def build(
    settings: Settings,
    *,
    clock: Clock = utcnow,
    directory: Directory | None = None,
    transport: Transport | None = None,
) -> FastAPI:
    """The notifier. `directory` and `transport` are the far sides, HTTP and SMTP unless given."""
    parts = assemble(settings, clock=clock, metadata=metadata)
    marketplace = Marketplace(settings.marketplace_url)
    sender = settings.sender
    links = Auth.of(settings, clock).links

    def sign(complaint_id: str, guest: str) -> str:
        return links.sign("complaint", complaint_id, holder=guest)

    def letter(mail: MailQueued) -> Letter:
        rendered = render(mail, Links(settings.public_url, sign), brand=sender.name)
        return compose(mail, rendered, sender)

    def preview(mail: MailQueued) -> Rendered:
        # Staff who read a guest's link could act in the guest's name.
        shown = Links(settings.public_url, lambda _complaint_id, _guest: HIDDEN_TOKEN)
        return render(mail, shown, brand=sender.name)

    queueing = Queueing(parts.events, directory or marketplace, clock=clock)
    server = transport or Smtp(settings)
    sending = Sending(parts.events, server, letter, clock=clock)
    parts.reactions.on(name="telling", stream=COMPLAINTS, subjects=("complaint.*.*", "case.*.*"))(
        queueing.on_message
    )
    parts.reactions.on(
        name="sending", stream=MAIL, subjects=("mail.*.*",), workers=settings.smtp_sessions
    )(sending.on_message)

    parts.projectors.append(
        Projector(
            "ledger",
            bus=parts.bus,
            database=parts.database,
            metadata=metadata,
            stream=MAIL,
            subjects=("mail.*.*",),
            views=[LEDGER],
        )
    )

    parts.on_stop += [server.close, marketplace.aclose]
    ledger = Ledger(parts.database)
    pages = Pages(
        WEB / "templates",
        static=WEB / "static",
        service="notifier",
        clock=clock,
        translations=WEB.parent / "translations",
    )
    mailbox = Reader(settings.maildir) if settings.maildir else None
    app = create_app(
        parts,
        title="Redress: notifier",
        routers=[
            api.router(ledger, preview),
            routes.router(pages, ledger, preview, mailbox),
        ],
    )
    pages.install(app)
    return app
