"""`/help`: the Help Center, its articles and the search in them (R2, R3, R17)."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.intake.articles import LANGUAGES, Article, Group, Library
from services.intake.search import LONGEST_QUESTION, Search
from services.intake.web import labels
from services.runtime.auth import Viewer
from services.runtime.problems import NotFound
from services.runtime.sentences import gettext as _
from services.runtime.web import Pages, languages_wanted
from services.runtime.web.text import negotiate

PATH: Final = "/help"


def router(*, pages: Pages, library: Library, search: Search) -> APIRouter:
    """Articles are in the reader's language, or in English."""
    site = APIRouter(include_in_schema=False)

    @site.get(PATH)
    async def center(request: Request, who: Viewer, q: str = "") -> HTMLResponse:
        language = negotiate(languages_wanted(request, who), LANGUAGES)
        question = q.strip()[:LONGEST_QUESTION]
        return pages.render(
            request,
            "help/center.html",
            groups=_groups(library.all(language)),
            question=question,
            hits=search.find(question, language) if question else [],
            language=language,
            languages=_languages(PATH),
        )

    @site.get(PATH + "/{slug}")
    async def article(request: Request, who: Viewer, slug: str) -> HTMLResponse:
        language = negotiate(languages_wanted(request, who), LANGUAGES)
        found = library.find(slug, language)
        if found is None:
            raise NotFound(_("There is no help article at this address. Look for it in Help."))
        siblings = [each for each in library.all(language) if each.front.group is found.front.group]
        return pages.render(
            request,
            "help/article.html",
            article=found,
            siblings=[each for each in siblings if each is not found],
            language=language,
            languages=_languages(f"{PATH}/{slug}"),
        )

    return site


def _groups(articles: list[Article]) -> list[tuple[Group, list[Article]]]:
    return [
        (group, [article for article in articles if article.front.group is group])
        for group in Group
    ]


def _languages(path: str) -> list[tuple[str, str, str]]:
    """The page at `path` in each language: the code, the language's own name, the address."""
    return [(code, labels.language_name(code), f"{path}?lang={code}") for code in LANGUAGES]
