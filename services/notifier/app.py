"""The composition root: the one place where the parts of the notifier are put together."""

from datetime import datetime
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
from services.notifier.statement import attachments
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
TOLD_OF = ("complaint.*.*", "case.*.*", "member.*.*")
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
    signer = Auth.of(settings, clock).links

    def sign(purpose: str, subject: str, holder: str, expires: datetime | None = None) -> str:
        return signer.sign(purpose, subject, holder=holder, expires=expires)

    links = Links(settings.public_url, sign)
    # Staff who read a reader's link could act in the reader's name.
    shown = Links(settings.public_url, lambda *_: HIDDEN_TOKEN)

    def letter(mail: MailQueued) -> Letter:
        return compose(
            mail,
            render(mail, links, brand=sender.name),
            sender,
            unsubscribe=links.unsubscribe(mail),
            attachments=attachments(mail, links, brand=sender.name),
        )

    def preview(mail: MailQueued) -> Rendered:
        return render(mail, shown, brand=sender.name)

    queueing = Queueing(parts.events, directory or marketplace, clock=clock, desks=settings.desks)
    server = transport or Smtp(settings)
    sending = Sending(parts.events, server, letter, clock=clock)
    parts.reactions.on(name="telling", stream=COMPLAINTS, subjects=TOLD_OF)(queueing.on_message)
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
