"""All pages of intake."""

from fastapi import APIRouter

from services.intake.advising import Advisor
from services.intake.answering import Answering
from services.intake.articles import Library
from services.intake.evidence import EvidenceDesk
from services.intake.farside import FarSide
from services.intake.filing import Filing
from services.intake.profile import Profile
from services.intake.search import Search
from services.intake.store import Store
from services.intake.web import answering as answer_page
from services.intake.web import help as help_center
from services.intake.web import receipt, start, wizard
from services.intake.web.steps import Wizard
from services.runtime.clock import Clock
from services.runtime.events import EventStore
from services.runtime.web import Pages


def router(
    *,
    pages: Pages,
    filing: Filing,
    answering: Answering,
    desk: EvidenceDesk,
    store: Store,
    far: FarSide,
    advisor: Advisor,
    profile: Profile,
    events: EventStore,
    library: Library,
    search: Search,
    clock: Clock,
) -> APIRouter:
    """The start page, the Help Center, the wizard at `/complaints/new`, receipts, and the form of
    the accused."""
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
            )
        )
    )
    site.include_router(receipt.router(pages=pages, events=events))
    site.include_router(
        answer_page.router(pages=pages, answering=answering, filing=filing, desk=desk, clock=clock)
    )
    return site
