"""`/api/v1/moderation/members` and `/measures`: records, and the measures proposed for them."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Response

from services.moderation.api.conventions import (
    PROBLEMS,
    After,
    Cursor,
    IfMatch,
    Key,
    Limit,
    tagged,
    version_in,
)
from services.moderation.api.examples import MEMBER_ACTED, ON_MEASURES, answered, shown_as
from services.moderation.desk import READERS
from services.moderation.member_models import MeasurePage, MemberActed, MemberDetail
from services.moderation.members import MEASURE_COMMANDS, Members
from services.moderation.standing.commands import ApproveMeasure, OnMeasure, StaffMemberCommand
from services.runtime.auth import Principal, require, verify_csrf

Reader = Annotated[Principal, Depends(require(*READERS))]
MemberId = Annotated[
    str, Path(description="`<kind>:<id>`; a bare id is a member's.", examples=["sunrise-store"])
]


def router(members: Members) -> APIRouter:
    api = APIRouter(
        prefix="/moderation",
        tags=["members"],
        dependencies=[Depends(verify_csrf)],
        responses=PROBLEMS,
    )

    @api.get("/measures/proposed")
    async def list_proposed(
        who: Reader, cursor: Cursor = None, limit: Limit = 50, after: After = None
    ) -> MeasurePage:
        """Measures that the software proposed and nobody has decided on, the oldest first."""
        return await members.proposed(who, cursor=cursor, limit=limit, after=after)

    @api.get("/members/{member}")
    async def read_member(member: MemberId, who: Reader, response: Response) -> MemberDetail:
        """A member's points, strikes and measures, each figure with how it came about."""
        detail = await members.read(who, member)
        tagged(response, detail.version)
        return detail

    for name, command in MEASURE_COMMANDS.items():
        api.add_api_route(
            f"/members/{{member}}/measures/{{measure_id}}/{name}",
            _carry_out(members, name, command),
            methods=["POST"],
            name=f"{name}-measure",
            summary=f"{name.capitalize()} a measure",
            description=command.__doc__,
            response_model=MemberActed,
            responses=answered(MEMBER_ACTED),
        )
    return api


def _carry_out(
    members: Members, name: str, command: type[StaffMemberCommand]
) -> Callable[..., Awaitable[MemberActed]]:
    """The route of one command: its body is the command itself."""
    default: Any = command() if command is ApproveMeasure else ...

    async def carry_out(
        member: MemberId,
        measure_id: str,
        who: Reader,
        response: Response,
        body: Any = Body(default, openapi_examples=shown_as(ON_MEASURES[name])),  # noqa: B008
        if_match: IfMatch = None,
        key: Key = None,
    ) -> MemberActed:
        asked = OnMeasure(measure_id, body)
        acted = await members.act(who, member, asked, if_match=version_in(if_match), key=key)
        tagged(response, acted.version)
        return acted

    carry_out.__annotations__["body"] = command
    return carry_out
