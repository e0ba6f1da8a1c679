"""The composition root of intake: everything is made and wired here, once."""

from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from contracts.streams import COMPLAINTS
from services.intake import advice, profile
from services.intake.adding import Adding
from services.intake.advising import Advisor
from services.intake.answering import Answering
from services.intake.api import filing as filing_api
from services.intake.api import help as help_api
from services.intake.api import parties as parties_api
from services.intake.appealing import Appealing
from services.intake.articles import library
from services.intake.evidence import EvidenceDesk
from services.intake.fairness import FairUse, Rules
from services.intake.farside import FarSide
from services.intake.filing import Filing
from services.intake.guests import Guests
from services.intake.parties import Matters
from services.intake.projection import VIEWS, metadata
from services.intake.scanning import Clamd
from services.intake.search import search
from services.intake.settings import Settings
from services.intake.store import Store
from services.intake.suspensions import Suspensions
from services.intake.web import labels, routes
from services.intake.web.keeping import Keeping
from services.intake.web.steps import PATH
from services.runtime.app import assemble, create_app
from services.runtime.auth import Auth
from services.runtime.auth.keys import subkey
from services.runtime.clock import Clock, utcnow
from services.runtime.evidence import EvidenceStore
from services.runtime.marketplace import Marketplace
from services.runtime.signin import Provider, signin_router
from services.runtime.web import Pages

HERE = Path(__file__).parent


def build(settings: Settings, *, clock: Clock = utcnow) -> FastAPI:
    """The service, not yet connected to anything; its lifespan does that."""
    parts = assemble(settings, clock=clock, metadata=metadata)
    projector = parts.project("reports", COMPLAINTS, VIEWS, subjects=["case.*.*", "member.*.*"])
    store = Store(parts.database, projector)
    auth = Auth.of(settings, clock)
    evidence_store = EvidenceStore(parts.bus)
    scanner = Clamd.at(settings.clamd) if settings.clamd else None
    evidence = EvidenceDesk(evidence_store, scanner=scanner, clock=clock)
    market = profile.load(settings.marketplace_profile)
    suspensions = Suspensions(store)
    filing = Filing(
        events=parts.events,
        evidence=evidence_store,
        auth=auth,
        profile=market,
        fair_use=FairUse(_rules(settings), clock=clock),
        suspensions=suspensions,
        clock=clock,
    )
    matters = Matters(events=parts.events, store=store, filing=filing)
    adding, answering, appealing = Adding(matters), Answering(matters), Appealing(matters)
    guests = Guests(events=parts.events, store=store)
    marketplace = Marketplace(settings.marketplace_url)
    parts.on_stop.append(marketplace.aclose)
    far = FarSide(marketplace, pictures=settings.pictures)
    advisor = Advisor(far, clock, advice.terms())
    pages = Pages(
        HERE / "web" / "templates",
        static=HERE / "web" / "static",
        service="intake",
        clock=clock,
        pictures=settings.pictures,
        translations=HERE / "translations",
        functions=labels.FUNCTIONS,
    )
    routers = [
        filing_api.router(
            filing=filing, evidence=evidence, advisor=advisor, profile=market, clock=clock
        ),
        parties_api.router(
            adding=adding, answering=answering, appealing=appealing, guests=guests, clock=clock
        ),
        routes.router(
            pages=pages,
            filing=filing,
            adding=adding,
            answering=answering,
            appealing=appealing,
            guests=guests,
            desk=evidence,
            store=store,
            far=far,
            advisor=advisor,
            profile=market,
            keeping=Keeping(
                subkey(settings.secret_key.get_secret_value(), "draft"),
                path=PATH,
                secure=auth.secure,
            ),
            suspensions=suspensions,
            events=parts.events,
            library=library(),
            search=search(),
            clock=clock,
        ),
        help_api.router(search()),
        signin_router(auth, Provider.of(settings)),
    ]
    app = create_app(parts, title="Redress: intake", routers=routers)
    app.direct("POST", "/api/v1/complaints", filing_api.complaints(filing))
    app.state.suspensions = suspensions
    pages.install(app)
    return app


def _rules(settings: Settings) -> Rules:
    return Rules(
        guest=settings.filing_limit_guest,
        member=settings.filing_limit_member,
        network=settings.filing_limit_network,
        repeated_within=timedelta(minutes=settings.repeated_complaint_minutes),
    )
