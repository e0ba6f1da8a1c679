"""Operators' and supervisors' routes, below `/api/v1/chats/desk`."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime

from services.chat import shown
from services.chat.about import Customers
from services.chat.api import bodies
from services.chat.api.files import download
from services.chat.board import Board
from services.chat.complaining import Complaining
from services.chat.desk import Desk
from services.chat.presence import Presence
from services.chat.replies import Replies
from services.chat.reports import By, Reports
from services.chat.store import Store
from services.chat.talking import folded
from services.chat.views import Staff, chat_view, desk_of, live, operator_view
from services.chat.wrapping import CODES
from services.runtime.auth import Principal, require, verify_csrf
from services.runtime.clock import Clock
from services.runtime.evidence import EvidenceStore

Supervisor = Annotated[Principal, Depends(require("supervisor"))]
TODAY = timedelta(hours=24)


def router(
    desk: Desk,
    board: Board,
    presence: Presence,
    store: Store,
    evidence: EvidenceStore,
    complaining: Complaining,
    reports: Reports,
    customers: Customers,
    replies: Replies,
    *,
    clock: Clock,
) -> APIRouter:
    api = APIRouter(prefix="/api/v1/chats/desk", tags=["desk"], dependencies=[Depends(verify_csrf)])

    @api.get("")
    async def mine(who: Staff) -> dict[str, Any]:
        """The operator: shift, capacity, offers with their time, and the chats at hand."""
        return await desk_of(desk, board, who.id)

    @api.post("/shift")
    async def start(who: Staff) -> dict[str, Any]:
        """Begins the shift, or ends an absence. From here on a heartbeat is needed: the socket's,
        or `POST /api/v1/chats/desk/heartbeat` at least every 20 seconds."""
        await desk.start_shift(who)
        return await desk_of(desk, board, who.id)

    @api.delete("/shift")
    async def end_shift(who: Staff) -> dict[str, Any]:
        """No new chats; those at hand go on."""
        await desk.end_shift(who)
        return await desk_of(desk, board, who.id)

    @api.post("/away")
    async def away(who: Staff) -> dict[str, Any]:
        """No new chats until `POST …/shift`."""
        await desk.go_away(who)
        return await desk_of(desk, board, who.id)

    @api.get("/queue")
    async def queue(who: Staff) -> dict[str, Any]:
        """Who waits, in the order in which they are offered, and the live figures of now."""
        return live(board, presence, now=clock())

    @api.get("/figures")
    async def figures(
        who: Staff,
        since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
        language: str | None = None,
    ) -> dict[str, Any]:
        """What became of the chats that were queued in a span (the last 24 hours unless given):
        service level within two minutes, first response, handling, abandonment, promises kept,
        ratings, and what the virtual agent resolved. Lengths in seconds, rates from 0 to 1."""
        now = clock()
        span = since or now - TODAY, until or now
        found = await store.figures(*span, language=language)
        found["bot_reopened"] = await store.reopened(*span)
        return rated(found) | {"since": span[0].isoformat()}

    @api.get("/report")
    async def report(
        who: Staff,
        since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
        by: By | None = None,
    ) -> dict[str, Any]:
        """The figures of a span (the last 24 hours unless given), altogether or by language or
        operator. `GET /desk/report.csv?days=` is the same as a table."""
        now = clock()
        span = since or now - TODAY, until or now
        return {"since": span[0], "until": span[1], "rows": await reports.rows(*span, by=by)}

    @api.get("/replies")
    async def canned(who: Staff, language: str = "en", customer: str = "") -> dict[str, Any]:
        """Canned replies, filled in; `/shortcut` alone is not expanded by this API."""
        found = replies.of(language, customer=customer, operator=who.name)
        return {"replies": [each.model_dump() for each in found]}

    @api.get("/codes")
    async def codes(who: Staff) -> dict[str, Any]:
        """What `code` of a wrap-up may be; others are taken too."""
        return {"codes": [{"code": code, "title": title} for code, title in CODES.items()]}

    @api.get("/chats")
    async def chats(
        who: Staff,
        phase: str | None = None,
        operator: str | None = None,
        language: str | None = None,
        q: Annotated[str, Query(max_length=100)] = "",
        before: Annotated[int | None, Query(ge=1)] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> dict[str, Any]:
        """The history, newest first; `q` is the start of a name or address, or a complaint's
        number."""
        rows = await store.search(
            phase=phase, operator=operator, language=language, text=q, before=before, limit=limit
        )
        return {
            "chats": [_row(row) for row in rows],
            "next": rows[-1]["sequence"] if len(rows) == limit else None,
        }

    @api.get("/messages")
    async def left_messages(who: Staff) -> dict[str, Any]:
        """Messages that were left out of hours, oldest first."""
        return {"chats": [_row(row) for row in await store.left_messages()]}

    @api.get("/operators")
    async def operators(who: Staff) -> dict[str, Any]:
        """Everybody who works here: for transfers, and for supervisors."""
        return {
            "operators": [
                operator_view(each, here=presence.operator_is_here(each.id))
                for each in board.operators.values()
            ]
        }

    @api.put("/operators/{operator_id}")
    async def profile(
        operator_id: bodies.OperatorId, body: bodies.Profile, who: Supervisor
    ) -> dict[str, Any]:
        """Languages, skills and capacity of an operator."""
        operator = await desk.profile(
            who,
            operator_id,
            name=body.name,
            languages=body.languages,
            skills=body.skills,
            capacity=body.capacity,
        )
        return operator_view(operator, here=presence.operator_is_here(operator_id))

    @api.get("/chats/{chat_id}")
    async def read(
        chat_id: str, who: Staff, after: Annotated[int, Query(ge=0)] = 0
    ) -> dict[str, Any]:
        """A chat as staff see it, with the customer's facts and earlier chats."""
        history = await desk.history(chat_id)
        chat = folded(history.messages)
        assert chat.customer is not None
        earlier = (
            await store.of_customer(chat.customer.actor, before=None, limit=10)
            if chat.customer.kind != "anonymous"
            else ()
        )
        events = shown.show_all(history.messages, "staff")
        return {
            **chat_view(chat),
            "seq": history.version,
            "customer": chat.customer.model_dump(),
            "earlier": [_row(row) for row in earlier if row["id"] != chat_id],
            "events": [event for event in events if event["seq"] > after],
        }

    @api.get("/chats/{chat_id}/customer")
    async def customer(chat_id: str, who: Staff) -> dict[str, Any]:
        """The customer's own complaints and orders; null where a far side does not answer."""
        chat = folded((await desk.history(chat_id)).messages)
        assert chat.customer is not None
        about = await customers.about(chat.customer)
        told, orders = about.complaints, about.orders
        return {
            "complaints": None if told is None else [each._asdict() for each in told],
            "orders": None if orders is None else [each.model_dump() for each in orders],
        }

    @api.post("/chats/{chat_id}/accept")
    async def accept(chat_id: str, body: bodies.Accept, who: Staff) -> bodies.Done:
        """Takes the offer; `greeting` is the first thing that the customer reads."""
        return bodies.Done(seq=await desk.accept(who, chat_id, greeting=body.greeting))

    @api.post("/chats/{chat_id}/decline")
    async def decline(chat_id: str, who: Staff) -> bodies.Done:
        return bodies.Done(seq=await desk.decline(who, chat_id))

    @api.post("/chats/{chat_id}/take")
    async def take(chat_id: str, who: Staff) -> bodies.Done:
        """Takes a message that was left out of hours. What is written is mailed to the customer."""
        return bodies.Done(seq=await desk.take(who, chat_id))

    @api.post("/chats/{chat_id}/messages", status_code=201)
    async def post(chat_id: str, body: bodies.Post, who: Staff) -> bodies.MessagePosted:
        posted = await desk.post(
            who,
            chat_id,
            client_id=body.client_id,
            text=body.text,
            attachments=body.attachments,
        )
        return bodies.MessagePosted(id=posted.message_id, seq=posted.sequence, masked=posted.masked)

    @api.post("/chats/{chat_id}/marks", status_code=204)
    async def mark(chat_id: str, body: bodies.Mark, who: Staff) -> None:
        await desk.mark(who, chat_id, kind=body.kind, sequence=body.seq)

    @api.post("/chats/{chat_id}/transfer")
    async def transfer(chat_id: str, body: bodies.Transfer, who: Staff) -> bodies.Done:
        """The chat goes back into the queue at its old place, for the one asked for."""
        seq = await desk.transfer(
            who,
            chat_id,
            to_operator=body.to_operator,
            language=body.language,
            skills=body.skills,
            reason=body.reason,
        )
        return bodies.Done(seq=seq)

    @api.post("/chats/{chat_id}/notes", status_code=201)
    async def note(chat_id: str, body: bodies.Note, who: Staff) -> bodies.Done:
        """For staff only."""
        return bodies.Done(seq=await desk.note(who, chat_id, text=body.text))

    @api.post("/chats/{chat_id}/end")
    async def end(chat_id: str, body: bodies.End, who: Staff) -> bodies.Done:
        """The wrap-up follows; after three minutes it is over by itself."""
        return bodies.Done(seq=await desk.end(who, chat_id, reason=body.reason))

    @api.post("/chats/{chat_id}/wrap-up")
    async def wrap_up(chat_id: str, body: bodies.WrapUp, who: Staff) -> bodies.Done:
        return bodies.Done(seq=await desk.wrap_up(who, chat_id, code=body.code, note=body.note))

    @api.post("/chats/{chat_id}/redactions", status_code=201)
    async def redact(chat_id: str, body: bodies.Redact, who: Supervisor) -> bodies.Done:
        """The message is shown to nobody any more."""
        seq = await desk.redact(who, chat_id, message_id=body.message_id, reason=body.reason)
        return bodies.Done(seq=seq)

    @api.post("/chats/{chat_id}/complaint")
    async def complain(chat_id: str, body: bodies.Complain, who: Staff) -> bodies.Complaining:
        """A complaint in the customer's name, to be sent to them as a link: only they can file it.
        `consent` is the customer's, given in the chat."""
        url, seq = await complaining.begin(
            await desk.history(chat_id),
            product_link=body.product_link,
            consent=body.consent,
            by=who.actor,
        )
        return bodies.Complaining(url=url, seq=seq)

    @api.put("/chats/{chat_id}/supervision")
    async def supervise(chat_id: str, body: bodies.Supervise, who: Supervisor) -> bodies.Done:
        """`monitor` reads along unseen, `whisper` speaks to the operator, `barge` to both."""
        return bodies.Done(seq=await desk.supervise(who, chat_id, mode=body.mode))

    @api.get("/chats/{chat_id}/attachments/{evidence_id}")
    async def attachment(chat_id: str, evidence_id: str, who: Staff) -> Response:
        return await download(evidence, (await desk.history(chat_id)).messages, evidence_id)

    return api


def rated(found: dict[str, Any]) -> dict[str, Any]:
    """Counts, and the rates that follow from them; None where there is nothing to divide by."""

    def share(part: str, *wholes: str) -> float | None:
        whole = sum(found[each] for each in wholes)
        return round(found[part] / whole, 3) if whole else None

    rounded = {
        name: round(float(value), 1)
        if name in ("wait", "response", "handling", "rating") and value is not None
        else value
        for name, value in found.items()
    }
    return rounded | {
        "service_level": share("within", "answered", "abandoned"),
        "abandonment": share("abandoned", "queued"),
        "promises_kept": share("kept", "kept", "broken"),
        "bot_resolution": share("bot_resolved", "bot"),
    }


def _row(row: Any) -> dict[str, Any]:
    return {
        "chat_id": row["id"],
        "phase": row["phase"],
        "language": row["language"],
        "name": row["customer_name"],
        "operator": row["operator"],
        "began_at": row["initiated_at"].isoformat(),
        "last_at": row["last_at"].isoformat(),
        "last_text": row["last_text"],
        "messages": row["messages"],
        "waited": row["waited"],
        "handled": row["handled"],
        "rating": row["rating"],
        "rating_comment": row["rating_comment"],
        "wrap_up": row["wrap_up"],
        "offline": row["offline"],
        "complaint_number": row["complaint_number"],
    }
