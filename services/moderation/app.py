"""The composition root of moderation: everything is made and wired here, once."""

from pathlib import Path

from fastapi import FastAPI
from pydantic import SecretStr

from contracts.streams import COMPLAINTS, MAIL, STAFF
from services.moderation import api
from services.moderation.api.commands import direct
from services.moderation.bulk import Bulks
from services.moderation.case_lists import CaseLists
from services.moderation.cases import Cases
from services.moderation.center import Center
from services.moderation.center_store import CenterStore
from services.moderation.desk import Desk
from services.moderation.figures import Figures
from services.moderation.handlers import Handlers
from services.moderation.joining import Joining
from services.moderation.mails import MAIL_VIEWS
from services.moderation.member_store import MemberStore
from services.moderation.members import Members
from services.moderation.outgoing.desk import OutgoingDesk
from services.moderation.outgoing.far_sides import Database, Endpoint, Folder, Register
from services.moderation.outgoing.report_desk import ReportDesk
from services.moderation.outgoing.report_store import ReportStore
from services.moderation.outgoing.sending import Outgoing
from services.moderation.outgoing.store import OutgoingStore
from services.moderation.policy import policy
from services.moderation.projection import VIEWS
from services.moderation.settings import Settings
from services.moderation.staff_desk import StaffDesk
from services.moderation.staff_views import STAFF_VIEWS
from services.moderation.standing.pauses import Pauses
from services.moderation.standing.reactions import Standing
from services.moderation.standing.records import Records
from services.moderation.store import Store
from services.moderation.tables import metadata
from services.moderation.texts_desk import ReasonTexts
from services.moderation.web import routes
from services.runtime.app import assemble, create_app
from services.runtime.clock import Clock, utcnow
from services.runtime.evidence import EvidenceStore
from services.runtime.live import Live
from services.runtime.marketplace import Catalogue, Marketplace
from services.runtime.translator import translator_of
from services.runtime.web import Pages

WEB = Path(__file__).parent / "web"


def build(
    settings: Settings, *, clock: Clock = utcnow, catalogue: Catalogue | None = None
) -> FastAPI:
    """Moderation, not yet connected to anything. `catalogue` is the marketplace's unless given."""
    parts = assemble(settings, clock=clock, metadata=metadata)
    marketplace = Marketplace(settings.marketplace_url)
    projector = parts.project("cases", COMPLAINTS, VIEWS)
    center_store = CenterStore(parts.database)
    rules = policy(settings.policy)
    store = Store(parts.database)
    staff_projector = parts.project("staff", STAFF, STAFF_VIEWS)
    mails = parts.project("mails", MAIL, MAIL_VIEWS)
    live = Live(projector, mails, audiences=center_store.audiences)
    parts.on_closing.append(live.close)
    staff = StaffDesk(
        events=parts.events, projector=staff_projector, database=parts.database, clock=clock
    )
    texts = ReasonTexts(
        events=parts.events, projector=staff_projector, database=parts.database, clock=clock
    )
    cases = Cases(parts.events, policy=rules)
    records = Records(parts.events, policy=rules)
    lists = CaseLists(parts.database)
    bulks = Bulks(
        events=parts.events,
        cases=cases,
        lists=lists,
        database=parts.database,
        projector=staff_projector,
        check_filled=texts.check_filled,
        policy=rules,
        clock=clock,
    )
    figures = Figures(database=parts.database, clock=clock)
    desk = Desk(
        cases=cases,
        store=store,
        lists=lists,
        projector=projector,
        policy=rules,
        clock=clock,
        check_filled=texts.check_filled,
        on_view=staff.on_view,
    )
    center = Center(store=center_store, projector=projector, policy=rules, clock=clock)
    members = Members(
        records=records,
        store=MemberStore(parts.database),
        projector=projector,
        policy=rules,
        clock=clock,
    )
    pauses = Pauses(records=records, database=parts.database, projector=projector)
    joining = Joining(
        events=parts.events,
        cases=cases,
        store=store,
        projector=projector,
        catalogue=catalogue or marketplace,
        pauses=pauses,
        clock=clock,
    )
    standing = Standing(cases=cases, records=records, timers=parts.timers, clock=clock)
    outgoing_store = OutgoingStore(parts.database)
    endpoint, register = far_sides(settings)
    outgoing = Outgoing(
        events=parts.events,
        cases=cases,
        timers=parts.timers,
        store=outgoing_store,
        projector=projector,
        policy=rules,
        clock=clock,
        endpoint=endpoint,
        register=register,
    )
    handlers = Handlers(
        joining=joining,
        pauses=pauses,
        standing=standing,
        outgoing=outgoing,
        cases=cases,
        events=parts.events,
        timers=parts.timers,
        policy=rules,
        clock=clock,
    )
    handlers.register(parts.reactions)
    parts.reactions.on(name="bulk", stream=STAFF, subjects=["staff.*.*"])(bulks.on_staff)

    parts.on_stop.append(marketplace.aclose)
    key = settings.translator_key
    translator = translator_of(settings.translator_url, key.get_secret_value() if key else None)
    parts.on_stop.append(translator.aclose)
    parts.on_stop += [far.aclose for far in (endpoint, register) if far is not None]
    told_outside = OutgoingDesk(store=outgoing_store, outgoing=outgoing, projector=projector)
    reports = ReportDesk(
        store=ReportStore(parts.database, trusted_flaggers=rules.trusted_flaggers),
        staff=staff,
        events=parts.events,
        projector=staff_projector,
        database=parts.database,
        clock=clock,
    )
    pages = Pages(
        WEB / "templates",
        static=WEB / "static",
        service="moderation",
        clock=clock,
        pictures=settings.pictures,
        translations=WEB.parent / "translations",
        functions=routes.FUNCTIONS | {"policy": lambda: rules},
    )
    app = create_app(
        parts,
        title="Redress: moderation",
        routers=[
            api.router(
                desk,
                center,
                EvidenceStore(parts.bus),
                members,
                told_outside,
                reports,
                staff,
                bulks,
                figures,
                texts,
            ),
            routes.router(
                pages,
                desk,
                center,
                staff=staff,
                bulks=bulks,
                figures=figures,
                texts=texts,
                members=members,
                told_outside=told_outside,
                reports=reports,
                live=live,
                translator=translator,
                policy=rules,
                clock=clock,
            ),
        ],
    )
    for path, answer in direct(desk):
        app.direct("POST", path, answer)
    pages.install(app)
    return app


def far_sides(settings: Settings) -> tuple[Endpoint | None, Register | None]:
    """The machines that are told, as far as they are set."""
    endpoint, secret = None, _said(settings.webhook_secret)
    if settings.webhook_url and secret:
        endpoint = Endpoint(settings.webhook_url, secret)
    token = _said(settings.transparency_token)
    if settings.transparency_url and token:
        return endpoint, Database(settings.transparency_url, token)
    if settings.transparency_folder is not None:
        return endpoint, Folder(settings.transparency_folder)
    return endpoint, None


def _said(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""
