"""What the parties send after filing (the table in `services.intake`)."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from services.intake.adding import Adding
from services.intake.answering import Answering
from services.intake.api.conventions import PROBLEMS, documented
from services.intake.appealing import AppealBody, Appealing
from services.intake.guests import Guests
from services.intake.parties import Accepted, Delivery, StatementBody, WordsBody
from services.runtime.auth import Principal, SignInRequired, current, verify_csrf
from services.runtime.bodies import answer, read
from services.runtime.clock import Clock
from services.runtime.sentences import gettext as _

B = TypeVar("B", bound=BaseModel)
Command = Callable[[str, B, Principal, Delivery], Awaitable[Accepted]]

_SENT: Final = _("If complaints were filed with this address, a link to them is on its way to it.")


class Address(BaseModel):
    """The address with which complaints were filed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    email: Annotated[str, Field(examples=["guest@example.org"])] = ""


class LinkAsked(BaseModel):
    """The same answer for every address: whether it is known is told to nobody but its owner."""

    message: str


def router(
    *, adding: Adding, answering: Answering, appealing: Appealing, guests: Guests, clock: Clock
) -> APIRouter:
    """The routes below `/api/v1` on which either side sends something."""
    api = APIRouter(prefix="/api/v1", tags=["parties"], responses=PROBLEMS)

    async def carry_out(
        command: Command[B], identifier: str, request: Request, model: type[B]
    ) -> Response:
        received_at = clock()
        await verify_csrf(request)
        who = current(request)
        if who is None:
            raise SignInRequired(
                _("Sign in, or send the token of the link that was mailed to you.")
            )
        delivery = Delivery(
            received_at,
            request.headers.get("idempotency-key"),
            request.scope["state"]["correlation"],
        )
        accepted = await command(identifier, await read(request, model), who, delivery)
        return answer(accepted.model_dump_json(exclude_none=True), 201)

    def route(path: str, model: type[BaseModel]) -> Callable[..., Callable[..., object]]:
        return api.post(
            path, status_code=201, response_model=Accepted, openapi_extra=documented(model)
        )

    @route("/complaints/{complaint_id}/evidence", StatementBody)
    async def add_evidence(complaint_id: str, request: Request) -> Response:
        """The complainant adds files (sent to /api/v1/evidence before), and a word about them."""
        return await carry_out(adding.add_evidence, complaint_id, request, StatementBody)

    @route("/complaints/{complaint_id}/information", StatementBody)
    async def supply_information(complaint_id: str, request: Request) -> Response:
        """The complainant answers a moderator's question. A late answer is kept, marked late."""
        return await carry_out(adding.supply_information, complaint_id, request, StatementBody)

    @route("/complaints/{complaint_id}/withdrawal", WordsBody)
    async def withdraw_complaint(complaint_id: str, request: Request) -> Response:
        """The complainant takes the complaint back, as long as it is not decided."""
        return await carry_out(adding.withdraw, complaint_id, request, WordsBody)

    @route("/cases/{case_id}/counter-notice", StatementBody)
    async def submit_counter_notice(case_id: str, request: Request) -> Response:
        """The accused answers, with evidence. An answer after the deadline is kept, marked late."""
        return await carry_out(answering.answer, case_id, request, StatementBody)

    @route("/cases/{case_id}/extension", WordsBody)
    async def ask_for_extension(case_id: str, request: Request) -> Response:
        """The accused asks for more time: once, before the deadline. A moderator grants it."""
        return await carry_out(answering.ask_for_time, case_id, request, WordsBody)

    @route("/cases/{case_id}/evidence", StatementBody)
    async def supply_evidence(case_id: str, request: Request) -> Response:
        """The accused adds files after the answer. Late ones are kept, marked late."""
        return await carry_out(answering.add_evidence, case_id, request, StatementBody)

    @route("/decisions/{decision_id}/appeals", AppealBody)
    async def lodge_appeal(decision_id: str, request: Request) -> Response:
        """Either side appeals against a decision: once, within the window that it names."""
        return await carry_out(appealing.lodge, decision_id, request, AppealBody)

    @api.post(
        "/guest-links",
        status_code=202,
        response_model=LinkAsked,
        openapi_extra=documented(Address, keyed=False),
    )
    async def ask_for_link(request: Request) -> Response:
        """A guest's link to all own complaints, mailed to the address if it is known."""
        await verify_csrf(request)
        address = guests.checked((await read(request, Address)).email)
        answered = answer(LinkAsked(message=_SENT).model_dump_json(), 202)
        correlation = request.scope["state"]["correlation"]
        answered.background = guests.asking(address, now=clock(), correlation=correlation)
        return answered

    return api
