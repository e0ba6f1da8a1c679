"""All pages of intake."""

from fastapi import APIRouter

from services.intake.adding import Adding
from services.intake.advising import Advisor
from services.intake.answering import Answering
from services.intake.appealing import Appealing
from services.intake.articles import Library
from services.intake.evidence import EvidenceDesk
from services.intake.farside import FarSide
from services.intake.filing import Filing
from services.intake.guests import Guests
from services.intake.profile import Profile
from services.intake.search import Search
from services.intake.store import Store
from services.intake.suspensions import Suspensions
from services.intake.web import afterwards, receipt, start, wizard
from services.intake.web import guests as guests_page
from services.intake.web import help as help_center
from services.intake.web.keeping import Keeping
from services.intake.web.parties import Desk
from services.intake.web.steps import Wizard
from services.runtime.clock import Clock
from services.runtime.events import EventStore
from services.runtime.web import Pages


def router(
    *,
    pages: Pages,
    filing: Filing,
    adding: Adding,
    answering: Answering,
    appealing: Appealing,
    guests: Guests,
    desk: EvidenceDesk,
    store: Store,
    far: FarSide,
    advisor: Advisor,
    profile: Profile,
    keeping: Keeping,
    suspensions: Suspensions,
    events: EventStore,
    library: Library,
    search: Search,
    clock: Clock,
) -> APIRouter:
    """The start page, the Help Center, the wizard at `/complaints/new`, receipts, and the forms of
    both parties."""
    site = APIRouter()
    site.include_router(start.router(pages=pages))
    site.include_router(help_center.router(pages=pages, library=library, search=search))
    site.include_router(
        wizard.router(
            Wizard(
                pages=pages,
                filing=filing,
                desk=desk,
                store=store,
                far=far,
                advisor=advisor,
                profile=profile,
                keeping=keeping,
            )
        )
    )
    site.include_router(guests_page.router(pages=pages, guests=guests, clock=clock))
    site.include_router(
        receipt.router(
            pages=pages, events=events, suspensions=suspensions, far=far, profile=profile
        )
    )
    site.include_router(
        afterwards.router(
            desk=Desk(pages, filing, desk, clock),
            adding=adding,
            answering=answering,
            appealing=appealing,
        )
    )
    return site
