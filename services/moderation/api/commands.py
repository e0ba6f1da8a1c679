"""`/api/v1/moderation/cases/{id}/{command}`: one route for each command, its body the command.

The routes declare and document what they take; it is read here, not by FastAPI, whose layers cost
more than to decide does (see `http.Application.direct`).
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from services.moderation.api.conventions import CaseId, IfMatch, Key, tagged, version_in
from services.moderation.api.examples import ACTED, COMMANDS, answered, shown_as
from services.moderation.commands import Command
from services.moderation.desk import READERS, Desk
from services.moderation.read_models import Acted
from services.moderation.transitions import STAFF_COMMANDS
from services.runtime.auth import Principal, current, require, verify_csrf
from services.runtime.bodies import read
from services.runtime.problems import invalid

CarryOut = Callable[..., Awaitable[Acted]]
Answer = Callable[[Request], Coroutine[Any, Any, Response]]

reader = require(*READERS)
Reader = Annotated[Principal, Depends(reader)]
PATH: Final = "/cases/{case_id}/"
_KEY: Final[TypeAdapter[str | None]] = TypeAdapter(Key)


class _Route(APIRoute):
    """Declared as any other route, and answered as it is directly."""

    def get_route_handler(self) -> Answer:
        return _answering(self.endpoint)


def declare(api: APIRouter, desk: Desk) -> None:
    """Adds the routes of all commands."""
    for name, command in STAFF_COMMANDS.items():
        api.add_api_route(
            PATH + name,
            _carry_out(desk, name, command),
            methods=["POST"],
            name=name,
            summary=name.replace("-", " ").capitalize(),
            description=command.__doc__,
            response_model=Acted,
            responses=answered(ACTED),
            route_class_override=_Route,
        )


def direct(desk: Desk) -> Iterator[tuple[str, Answer]]:
    """The path of each command, and its endpoint."""
    for name, command in STAFF_COMMANDS.items():
        yield f"/api/v1/moderation{PATH}{name}", _answering(_carry_out(desk, name, command))


def _carry_out(desk: Desk, name: str, command: type[Command]) -> CarryOut:
    default: Any = _without_body(command)
    declared = Body(... if default is None else default, openapi_examples=shown_as(COMMANDS[name]))

    async def carry_out(
        case_id: CaseId,
        who: Reader,
        body: Any = declared,
        if_match: IfMatch = None,
        key: Key = None,
    ) -> Acted:
        return await desk.act(who, case_id, body, if_match=version_in(if_match), key=key)

    carry_out.__annotations__["body"] = command
    return carry_out


def _answering(carry_out: CarryOut) -> Answer:
    """Reads what `carry_out` takes from the request."""
    command: type[Command] = carry_out.__annotations__["body"]
    default = _without_body(command)

    async def answer(request: Request) -> Response:
        await verify_csrf(request)
        acted = await carry_out(
            case_id=request.path_params["case_id"],
            who=await reader(current(request)),
            body=await read(request, command, default=default),
            if_match=request.headers.get("if-match"),
            key=_key(request),
        )
        response = Response(acted.model_dump_json(), media_type="application/json")
        tagged(response, acted.version)
        return response

    return answer


def _without_body(command: type[Command]) -> Command | None:
    """What a request without a body asks for; None where the command cannot do without."""
    needs_body = any(field.is_required() for field in command.model_fields.values())
    return None if needs_body else command()


def _key(request: Request) -> str | None:
    try:
        return _KEY.validate_python(request.headers.get("idempotency-key"))
    except ValidationError as error:
        errors = error.errors(include_url=False)
        for each in errors:
            each["loc"] = ("Idempotency-Key",)
        raise invalid(errors) from None
