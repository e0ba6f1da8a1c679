"""Customers' routes. A guest's chat is opened by its token: `Authorization: Bearer <token>`."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.responses import PlainTextResponse

from contracts.codec import Message
from services.chat import shown
from services.chat.api import bodies
from services.chat.api.files import download
from services.chat.complaining import Complaining
from services.chat.embedding import Embedding
from services.chat.places import Place, Places
from services.chat.schedule import Schedules
from services.chat.state import Chat
from services.chat.store import Store
from services.chat.talking import Begun, Talking, folded
from services.chat.transcript import as_text
from services.chat.views import hours_of
from services.runtime.auth import (
    Principal,
    SignInRequired,
    Viewer,
    auth_of,
    require,
    verify_csrf,
)
from services.runtime.clock import Clock
from services.runtime.evidence import EvidenceStore
from services.runtime.locales import LANGUAGES
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _
from services.runtime.sentences import localised
from services.runtime.web import languages_wanted, translations_of
from services.runtime.web.text import negotiate

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=200,
        description="A command repeated with the same key is carried out once.",
    ),
]
PROMISES_SPAN = timedelta(days=30)


def router(
    talking: Talking,
    places: Places,
    store: Store,
    schedules: Schedules,
    evidence: EvidenceStore,
    complaining: Complaining,
    embedding: Embedding,
    *,
    clock: Clock,
) -> APIRouter:
    api = APIRouter(prefix="/api/v1/chats", tags=["chats"], dependencies=[Depends(verify_csrf)])

    def view(
        chat: Chat,
        *,
        seq: int,
        token: str | None = None,
        resumed: bool = False,
        place: Place | None = None,
        messages: Sequence[Message] = (),
    ) -> bodies.ChatView:
        assert chat.customer is not None
        return bodies.ChatView(
            chat_id=chat.id,
            phase=chat.phase,
            language=chat.language,
            customer=chat.customer.kind,
            operator=chat.operator_name or None if chat.hold else None,
            seq=seq,
            token=token,
            resumed=resumed,
            place=bodies.Place(**place.shown()) if place else None,
            hours=bodies.OperatorHours(**hours_of(schedules, chat.language, clock())),
            rating_until=chat.rating_until.isoformat() if chat.rating_until else None,
            complaint_id=chat.complaint,
            events=shown.show_all(messages, "customer"),
        )

    def begun_view(begun: Begun) -> bodies.ChatView:
        return view(
            begun.chat,
            seq=begun.sequence,
            token=begun.token,
            resumed=begun.resumed,
            place=begun.place,
        )

    @api.post("", status_code=201)
    async def begin(
        request: Request, body: bodies.Begin, viewer: Viewer, key: Key = None
    ) -> bodies.ChatView:
        """Begins a chat; a member who has one open goes on with that. Out of hours it begins with
        the virtual agent, whatever was asked for."""
        address = request.client.host if request.client else ""
        vouched = embedding.member(body.identity) if body.identity else None
        return begun_view(
            await talking.begin(
                vouched or viewer,
                way=body.way,
                language=body.language,
                name=body.name,
                email=body.email,
                page=body.page,
                key=key,
                address=address,
                with_token=vouched is not None,
            )
        )

    @api.get("")
    async def mine(
        viewer: Annotated[Principal, Depends(require())],
        before: Annotated[int | None, Query(ge=1)] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> dict[str, Any]:
        """The chats of the member who asks, newest first."""
        rows = await store.of_customer(f"member:{viewer.id}", before=before, limit=limit)
        return {
            "chats": [summary(row) for row in rows],
            "next": rows[-1]["sequence"] if len(rows) == limit else None,
        }

    @api.get("/hours")
    async def hours() -> list[bodies.OperatorHours]:
        """When operators are there, by language."""
        now = clock()
        return [
            bodies.OperatorHours(**hours_of(schedules, each, now)) for each in schedules.languages
        ]

    @api.get("/promises")
    async def promises() -> dict[str, Any]:
        """Waits that were announced within the last 30 days, and how many were kept: an announced
        wait is its 80 % point, so about four of five should be."""
        rows = await store.promises(clock() - PROMISES_SPAN)
        return {
            "since": (clock() - PROMISES_SPAN).isoformat(),
            "languages": [
                {
                    **row,
                    "kept_rate": (
                        round(row["kept"] / (row["kept"] + row["broken"]), 3)
                        if row["kept"] + row["broken"]
                        else None
                    ),
                }
                for row in rows
            ],
        }

    @api.get("/{chat_id}")
    async def read(
        chat_id: str, viewer: Viewer, after: Annotated[int, Query(ge=0)] = 0
    ) -> bodies.ChatView:
        """The chat and its events after sequence `after`."""
        history = await talking.history(viewer, chat_id)
        chat = folded(history.messages)
        found = view(
            chat, seq=history.version, place=await places.of(chat), messages=history.messages
        )
        found.events = [event for event in found.events if event["seq"] > after]
        return found

    @api.post("/{chat_id}/messages", status_code=201)
    async def post(chat_id: str, body: bodies.Post, viewer: Viewer) -> bodies.MessagePosted:
        """Stored in the log when this answers. Sent again with the same `client_id`, it is stored
        once and answered alike, for good."""
        if not body.text and not body.attachments:
            raise Invalid([{"field": "text", "message": _("Write something, or attach a file.")}])
        posted = await talking.post(
            viewer,
            chat_id,
            client_id=body.client_id,
            text=body.text,
            attachments=body.attachments,
        )
        return bodies.MessagePosted(id=posted.message_id, seq=posted.sequence, masked=posted.masked)

    @api.post("/{chat_id}/marks", status_code=204)
    async def mark(chat_id: str, body: bodies.Mark, viewer: Viewer) -> None:
        """The customer has, or has read, everything up to a sequence."""
        await talking.mark(viewer, chat_id, kind=body.kind, sequence=body.seq)

    @api.post("/{chat_id}/operator")
    async def call_operator(
        chat_id: str, body: bodies.AskOperator, viewer: Viewer
    ) -> bodies.ChatView:
        """Into the queue, for a person."""
        return begun_view(await talking.call_operator(viewer, chat_id, language=body.language))

    @api.post("/{chat_id}/bot")
    async def call_bot(chat_id: str, viewer: Viewer) -> bodies.Done:
        """Out of the queue, to the virtual agent; the place is kept for coming back."""
        return bodies.Done(seq=await talking.call_bot(viewer, chat_id))

    @api.post("/{chat_id}/offline-message", status_code=201)
    async def leave(chat_id: str, body: bodies.Leave, viewer: Viewer) -> bodies.MessagePosted:
        """Leaves a message that operators answer by mail."""
        left = await talking.leave_message(
            viewer, chat_id, client_id=body.client_id, text=body.text, email=body.email
        )
        return bodies.MessagePosted(id=left.message_id, seq=left.sequence, masked=left.masked)

    @api.post("/{chat_id}/end")
    async def end(chat_id: str, viewer: Viewer) -> bodies.Done:
        """Ends the session, or leaves the queue."""
        return bodies.Done(seq=await talking.end(viewer, chat_id))

    @api.post("/{chat_id}/rating")
    async def rate(chat_id: str, body: bodies.Rating, viewer: Viewer) -> bodies.Done:
        """Once, within 24 hours of the end."""
        return bodies.Done(
            seq=await talking.rate(viewer, chat_id, score=body.score, comment=body.comment)
        )

    @api.get("/{chat_id}/transcript", response_model=bodies.Transcript)
    async def transcript(
        request: Request,
        chat_id: str,
        viewer: Viewer,
        form: Annotated[str, Query(alias="format", pattern="^(json|txt)$")] = "json",
    ) -> Any:
        """To keep: as JSON, or as text to download or print."""
        history = await talking.history(viewer, chat_id)
        events = shown.show_all(history.messages, "customer")
        if form == "json":
            return bodies.Transcript(chat_id=chat_id, events=events)
        language = negotiate(languages_wanted(request, viewer), tuple(LANGUAGES))
        catalogue = translations_of(request.app)[language]
        text = as_text(
            chat_id,
            events,
            say=lambda sentence: str(localised(sentence, catalogue, language)),
            site=auth_of(request).public_url,
        )
        return PlainTextResponse(
            text,
            headers={"Content-Disposition": f'attachment; filename="chat-{chat_id[:8]}.txt"'},
        )

    @api.post("/{chat_id}/transcript", status_code=202)
    async def mail_transcript(
        chat_id: str, body: bodies.SendTranscript, viewer: Viewer
    ) -> bodies.Done:
        """By mail: to the account's address, or for a guest to the one that is given."""
        return bodies.Done(
            seq=await talking.mail_transcript(
                viewer, chat_id, to_address=body.email, language=body.language
            )
        )

    @api.post("/{chat_id}/complaint")
    async def complain(chat_id: str, body: bodies.Complain, viewer: Viewer) -> bodies.Complaining:
        """From the chat into a complaint (R14): the wizard, with product, type and description
        filled in, and with consent the transcript as evidence."""
        url, seq = await complaining.begin(
            await talking.history(viewer, chat_id),
            product_link=body.product_link,
            consent=body.consent,
            by="customer",
        )
        return bodies.Complaining(url=url, seq=seq)

    @api.post("/{chat_id}/identity")
    async def identify(chat_id: str, body: bodies.Identify, viewer: Viewer) -> bodies.Done:
        """Joins the account that is signed in to a chat that this browser began without one."""
        if viewer is None or not viewer.signed_in:
            raise SignInRequired(_("Sign in to go on."))
        return bodies.Done(seq=await talking.identify(viewer, chat_id, token=body.token))

    @api.post("/{chat_id}/code", status_code=202)
    async def ask_code(chat_id: str, body: bodies.AskCode, viewer: Viewer) -> bodies.Done:
        """Mails six digits to a guest's address; they hold for ten minutes and three tries."""
        return bodies.Done(seq=await talking.request_code(viewer, chat_id, email=body.email))

    @api.post("/{chat_id}/code/try")
    async def try_code(chat_id: str, body: bodies.TryCode, viewer: Viewer) -> bodies.Done:
        """Proves that the guest's address is theirs."""
        return bodies.Done(seq=await talking.try_code(viewer, chat_id, digits=body.code))

    @api.get("/{chat_id}/attachments/{evidence_id}")
    async def attachment(chat_id: str, evidence_id: str, viewer: Viewer) -> Response:
        """A file that was sent in this chat."""
        history = await talking.history(viewer, chat_id)
        return await download(evidence, history.messages, evidence_id)

    return api


def summary(row: Any) -> dict[str, Any]:
    """A chat in its customer's list."""
    return {
        "chat_id": row["id"],
        "phase": row["phase"],
        "language": row["language"],
        "began_at": row["initiated_at"].isoformat(),
        "last_at": row["last_at"].isoformat(),
        "last_text": row["last_text"],
        "messages": row["messages"],
        "rating": row["rating"],
        "complaint_number": row["complaint_number"],
    }
