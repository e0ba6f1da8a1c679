"""`/`: the ways in."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.intake.web import labels
from services.runtime.web import Pages


def router(*, pages: Pages) -> APIRouter:
    site = APIRouter(include_in_schema=False)

    @site.get("/")
    async def start(request: Request) -> HTMLResponse:
        return pages.render(request, "start.html", types=labels.types())

    return site
