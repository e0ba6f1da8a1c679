"""`/moderation`: the queue and the case. Every action is a command of the API."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.requests import Request

from contracts.taxonomy import taxonomy
from services.moderation.commands import Decide
from services.moderation.desk import READERS, Desk
from services.moderation.policy import policy
from services.moderation.read_models import QueueCounts
from services.moderation.store import QueueFilters
from services.moderation.web import labels
from services.moderation.web.forms import beside_fields, command_of
from services.runtime.auth import Principal, require, verify_csrf
from services.runtime.clock import Clock
from services.runtime.problems import Invalid, NotFound, Refused, Stale
from services.runtime.sentences import gettext as _
from services.runtime.web import Form, Pages

ROWS = 50

Reader = Annotated[Principal, Depends(require(*READERS))]


@dataclass(frozen=True, slots=True)
class Queue:
    """A tab of the console: what it is called in addresses, and which cases are in it."""

    name: str
    states: tuple[str, ...] = ()
    mine: bool = False
    overdue: bool = False

    def label(self) -> str:
        return {
            "all": _("All open"),
            "new": _("New"),
            "review": _("To review"),
            "awaiting": _("Awaiting answer"),
            "decide": _("To decide"),
            "mine": _("Mine"),
            "overdue": _("Overdue"),
            "done": _("Done"),
        }[self.name]

    def count(self, counts: QueueCounts) -> int:
        if self.mine:
            return counts.mine
        if self.overdue:
            return counts.overdue
        if self.states:
            return sum(counts.by_state.get(state, 0) for state in self.states)
        return counts.live


QUEUES = {
    queue.name: queue
    for queue in (
        Queue("all"),
        Queue("new", ("open",)),
        Queue("review", ("admitted", "under_review")),
        Queue("awaiting", ("awaiting_counter_notice",)),
        Queue("decide", ("counter_notice_received", "counter_notice_lapsed")),
        Queue("mine", mine=True),
        Queue("overdue", overdue=True),
        Queue("done", ("decided", "inadmissible", "closed")),
    )
}


def router(pages: Pages, desk: Desk, *, clock: Clock) -> APIRouter:
    site = APIRouter(prefix="/moderation", dependencies=[Depends(verify_csrf)])

    @site.get("")
    async def queue(
        request: Request,
        who: Reader,
        queue: str = "all",
        type: str = "",  # noqa: A002  # the name that the address shows
        accused: str = "",
        product: str = "",
        cursor: str | None = None,
    ) -> HTMLResponse:
        tab = QUEUES.get(queue)
        if tab is None:
            raise NotFound(_("There is no such queue."))
        filters = QueueFilters(
            states=tab.states,
            type=type or None,
            accused=accused or None,
            product=product or None,
            mine=tab.mine,
            overdue=tab.overdue,
            order="newest" if tab.name == "done" else "due",
        )
        page = await desk.queue(who, filters, cursor=cursor, limit=ROWS)
        place = {"type": type, "accused": accused, "product": product}
        here = _address(queue=queue, **place)
        return pages.render(
            request,
            "console/queue.html",
            page=page,
            counts=await desk.counts(who),
            queues=QUEUES.values(),
            tab=tab,
            types=taxonomy().types,
            chosen=place,
            address=_address,
            next_href=_address(queue=queue, **place, cursor=page.next) if page.next else None,
            first_href=here if cursor else None,
        )

    async def shown(
        request: Request,
        who: Principal,
        case_id: str,
        *,
        after: int | None = None,
        status: int = 200,
        form: Form | None = None,
        command: str = "",
        done: str = "",
        preview: FormData | None = None,
    ) -> HTMLResponse:
        """The page of a case. `form` is that of `command`, as it was sent."""
        case = await desk.case(who, case_id, after=after)
        now = clock()
        decision = None
        if preview is not None and form is not None:
            try:
                asked = command_of("decide", preview)
                assert isinstance(asked, Decide)
                decision = await desk.preview(who, case_id, asked)
            except Refused as refusal:
                status, form = refusal.status, _form(preview, refusal)
        return pages.render(
            request,
            "console/case.html",
            status=status,
            case=case,
            allowed={each.command: each for each in case.allowed},
            command=command,
            form=form or Form(),
            done=done,
            told=labels.done(done),
            preview=decision,
            rule=policy().rules[case.type],
            holds=case.holder == who.id and case.held_until is not None and case.held_until > now,
            held=case.held_until is not None and case.held_until > now,
            lease_seconds=int((policy().lease_until(now) - now).total_seconds()),
            today=now.date(),
        )

    @site.get("/cases/{case_id}")
    async def case(
        request: Request, who: Reader, case_id: str, after: int | None = None, done: str = ""
    ) -> HTMLResponse:
        return await shown(request, who, case_id, after=after, done=done)

    @site.post("/cases/{case_id}/{command}")
    async def act(request: Request, who: Reader, case_id: str, command: str) -> Response:
        form = await request.form()
        if form.get("intent") == "preview":
            typed = Form.of(form)
            return await shown(request, who, case_id, form=typed, command="decide", preview=form)
        try:
            acted = await desk.act(who, case_id, command_of(command, form), if_match=_version(form))
        except NotFound:
            raise
        except Refused as refusal:
            return await shown(
                request,
                who,
                case_id,
                status=refusal.status,
                form=_form(form, refusal),
                command=command,
            )
        place = urlencode({"after": acted.sequence, "done": command})
        return RedirectResponse(f"/moderation/cases/{case_id}?{place}", 303)

    return site


def _address(**place: str) -> str:
    """The queue's address with those filters that say something."""
    query = urlencode({k: v for k, v in place.items() if v and (k, v) != ("queue", "all")})
    return f"/moderation?{query}" if query else "/moderation"


def _version(form: FormData) -> int | None:
    version = form.get("version")
    return int(version) if isinstance(version, str) and version.isdecimal() else None


def _form(data: FormData, refusal: Refused) -> Form:
    """What was typed, and why the command was refused. The page shows the case as it is now, with
    its present version, so that sending again is an answer to what has changed."""
    if isinstance(refusal, Invalid):
        return Form.refused(data, beside_fields(refusal))
    if isinstance(refusal, Stale):
        message = _(
            "The case has changed since you opened it. It is shown as it is now, and what you "
            "typed is still here. Look at what is new, then send again."
        )
        return Form(Form.of(data).values, message=message)
    return Form.refused(data, refusal)
