"""The Help Center's articles for other programs: the support chat's virtual agent asks here."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.intake.api.conventions import PROBLEMS
from services.intake.articles import LANGUAGES
from services.intake.search import LONGEST_QUESTION, Search


class Found(BaseModel):
    """An article that answers, and the section of it that answers best. `score` is BM25's: higher
    is better, and it compares within one answer only. `share` of the words that were asked for,
    those that say little left out, stand in the article: 0 to 1."""

    slug: str
    language: str
    title: str
    summary: str
    version: int
    href: str
    section: str
    excerpt: str
    score: float
    share: float


class Answer(BaseModel):
    hits: list[Found]


def router(search: Search) -> APIRouter:
    api = APIRouter(prefix="/api/v1/help", tags=["help"], responses=PROBLEMS)

    @api.get("/search")
    async def find(
        q: Annotated[str, Query(max_length=LONGEST_QUESTION)],
        lang: Annotated[str, Query(max_length=20)] = "en",
        limit: Annotated[int, Query(ge=1, le=10)] = 3,
    ) -> Answer:
        """The help articles that answer a question, the best first. A question that nothing
        answers in `lang` is asked again in the language that it is written in."""
        language = lang.split("-", 1)[0]
        hits = search.find(q, language if language in LANGUAGES else LANGUAGES[0], limit=limit)
        return Answer(
            hits=[
                Found(
                    slug=hit.article.slug,
                    language=hit.article.language,
                    title=hit.article.front.title,
                    summary=hit.article.front.summary,
                    version=hit.article.front.version,
                    href=hit.href,
                    section=hit.section.heading,
                    excerpt="".join(text for text, _ in hit.excerpt),
                    score=round(hit.score, 3),
                    share=round(search.share(q, hit), 3),
                )
                for hit in hits
            ]
        )

    return api
