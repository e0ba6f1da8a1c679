"""The composition root: the one place where the parts of the notifier are put together."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from contracts.mail import MailQueued
from contracts.streams import CHATS, COMPLAINTS, MAIL, Stream
from services.notifier import api
from services.notifier.bounces import Bounces
from services.notifier.chats import ChatMails
from services.notifier.composing import Letter, compose
from services.notifier.digests import Digests
from services.notifier.handlers import Queueing
from services.notifier.listening import Listener
from services.notifier.mailbox import Reader
from services.notifier.marking import Mark
from services.notifier.outbox import Outbox
from services.notifier.pacing import Pacing
from services.notifier.preferences import Preferences
from services.notifier.projection import LEDGER, READERS
from services.notifier.rendering import Links, Rendered, render
from services.notifier.sending import Sending
from services.notifier.settings import Settings
from services.notifier.signing import Signer
from services.notifier.signing import signer as dkim
from services.notifier.smtp import Smtp, Transport
from services.notifier.statement import Attachment, attachments
from services.notifier.store import Ledger
from services.notifier.tables import metadata
from services.notifier.web import notices, preferences, routes
from services.notifier.wishes import Wishes
from services.runtime.app import assemble, create_app
from services.runtime.auth import Auth
from services.runtime.auth.codes import code_digits, code_key
from services.runtime.clock import Clock, utcnow
from services.runtime.live import Live
from services.runtime.marketplace import Directory, Marketplace
from services.runtime.web import Pages

WEB = Path(__file__).parent / "web"
TOLD_OF = ("complaint.*.*", "case.*.*", "member.*.*")
WAITING = 4
"""Mails in hand for each session: so many of a slow domain can wait without delaying the others."""
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

    key = code_key(settings.secret_key.get_secret_value())
    links = Links(settings.public_url, sign, partial(code_digits, key))
    # Staff who read a reader's link could act in the reader's name.
    shown = Links(settings.public_url, lambda *_: HIDDEN_TOKEN)

    sign_mail = dkim_signer(settings)

    def letter(mail: MailQueued) -> Letter:
        composed = compose(
            mail,
            render(mail, links, brand=sender.name),
            sender,
            unsubscribe=links.unsubscribe(mail),
            attachments=attachments(mail, links, brand=sender.name),
        )
        return sign_mail(composed) if sign_mail else composed

    def preview(mail: MailQueued) -> Rendered:
        return render(mail, shown, brand=sender.name)

    def attached(mail: MailQueued) -> Sequence[Attachment]:
        return attachments(mail, shown, brand=sender.name)

    wishes = Wishes(parts.database)
    digests = Digests(parts.events, parts.timers, lambda mail: preview(mail).subject, clock=clock)
    parts.timers.on_fired(digests.on_timer)
    queueing = Queueing(
        parts.events,
        directory or marketplace,
        clock=clock,
        wishes=wishes,
        digests=digests,
        desks=settings.desks,
    )
    server = transport or Smtp(settings)
    pacing = Pacing(settings.smtp_sessions, settings.smtp_sessions_per_domain)
    sending = Sending(parts.events, server, letter, clock=clock, pacing=pacing)
    if settings.bounce_port is not None:
        bounces = Bounces(parts.events, clock=clock)
        listener = Listener(bounces, settings.host, settings.bounce_port)
        parts.on_start.append(listener.start)
        parts.on_stop.append(listener.stop)
    parts.reactions.on(name="telling", stream=COMPLAINTS, subjects=TOLD_OF)(queueing.on_message)
    chat_mails = ChatMails(parts.events, clock=clock)
    parts.reactions.on(name="chat-mails", stream=CHATS, subjects=("chat.*.*",))(
        chat_mails.on_message
    )
    parts.reactions.on(
        name="sending",
        stream=MAIL,
        subjects=("mail.*.*",),
        about=MailQueued,
        workers=settings.smtp_sessions * WAITING,
    )(sending.on_message)

    told = parts.project("ledger", MAIL, [LEDGER], subjects=["mail.*.*"])
    told_by_readers = parts.project("readers", MAIL, [READERS], subjects=["reader.*.*"])
    told_by_readers.listeners.append(wishes.hear)

    parts.on_stop += [server.close, marketplace.aclose]
    ledger = Ledger(parts.database)
    live = Live(told, audiences=notices.Audiences(ledger))
    parts.on_closing.append(live.close)
    choices = Preferences(parts.events, clock=clock)
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
            preferences.router(pages, choices),
            notices.router(pages, ledger, preview, choices, live),
            routes.router(
                pages, ledger, preview, attached, mailbox, Outbox(parts.events, clock=clock)
            ),
        ],
    )
    pages.install(app)
    app.state.marks = ((COMPLAINTS, queueing.mark), (CHATS, chat_mails.mark))
    return app


def marks_of(app: FastAPI) -> Sequence[tuple[Stream, Mark]]:
    """What marks mails as told, by stream, for a verb that goes through the log itself."""
    marks: Sequence[tuple[Stream, Mark]] = app.state.marks
    return marks


def dkim_signer(settings: Settings) -> Signer | None:
    """What signs mails, where a key is set. Raises OSError when it cannot be read."""
    if settings.dkim_selector is None or settings.dkim_key is None:
        return None
    return dkim(settings.dkim_selector, settings.dkim_domain, settings.dkim_key)
