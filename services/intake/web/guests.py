"""`/complaints/mine`: a guest has a link mailed to all own complaints, and comes in by it."""

from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.intake.guests import Guests
from services.runtime.auth import Principal, Viewer, auth_of, verify_csrf
from services.runtime.clock import Clock
from services.runtime.problems import Invalid
from services.runtime.web import Form, Pages
from services.runtime.web.languages import PARAMETER

PATH: Final = "/complaints/mine"


def router(*, pages: Pages, guests: Guests, clock: Clock) -> APIRouter:
    site = APIRouter(include_in_schema=False)

    @site.get(PATH)
    async def ask(request: Request, who: Viewer) -> Response:
        guest = _guest(request)
        if guest is None:
            if who is not None and who.proven:
                return RedirectResponse("/center", 303)
            return pages.render(request, "parties/mine.html", form=Form(), sent_to="")
        if who is not None and who.signed_in:
            # Nobody is to be signed out of an account by a link that somebody else sent them.
            return pages.render(request, "parties/as-guest.html", action=str(request.url.query))
        return _let_in(request, guest)

    @site.post(PATH)
    async def send(request: Request) -> Response:
        await verify_csrf(request)
        guest = _guest(request)
        if guest is not None:
            return _let_in(request, guest)
        form = await request.form()
        try:
            address = guests.checked(str(form.get("email", "")))
        except Invalid as refused:
            shown = Form.refused(form, refused)
            return pages.render(request, "parties/mine.html", status=422, form=shown, sent_to="")
        page = pages.render(request, "parties/mine.html", form=Form(), sent_to=address)
        correlation = request.state.correlation
        page.background = guests.asking(address, now=clock(), correlation=correlation)
        return page

    return site


def _guest(request: Request) -> Principal | None:
    """The guest whom the link in the request names. Raises LinkRefused for a link of no use."""
    token = request.query_params.get("token")
    if token is None:
        return None
    link = auth_of(request).links.verify("guest", token)
    return Principal("guest", link.subject)


def _let_in(request: Request, guest: Principal) -> Response:
    language = request.query_params.get(PARAMETER)
    onward = f"/center?{urlencode({PARAMETER: language})}" if language else "/center"
    response = RedirectResponse(onward, 303, headers={"Cache-Control": "no-store"})
    auth_of(request).sessions.open(response, guest)
    return response
