"""From a chat into a complaint: what the chat knows, as a link into the wizard (R14)."""

import hashlib
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from contracts import chat as facts
from contracts.ids import new_id, number
from contracts.parties import Evidence
from services.chat import decider, shown
from services.chat.commands import Commands
from services.chat.eva.dialogue import answers, summary
from services.chat.eva.sources import SourceAway, Sources
from services.chat.talking import UPLOADED_BY_ANYBODY, folded
from services.chat.transcript import as_text
from services.runtime.events import History
from services.runtime.evidence import EvidenceStore

WIZARD: Final = "/complaints/new"
TYPE_OF_ARTICLE: Final = {
    "counterfeit": "CF",
    "prohibited": "PR",
    "search-manipulation": "SM",
    "off-platform-trade": "OT",
    "false-information": "FI",
}
"""The help articles about the types of complaint, by their codes in the taxonomy."""
DESCRIPTION: Final = 1500
"""Characters: more would not fit into an address."""


@dataclass(frozen=True, slots=True)
class Complaining:
    commands: Commands
    evidence: EvidenceStore
    sources: Sources

    async def begin(
        self, history: History, *, product_link: str, consent: bool, by: str
    ) -> tuple[str, int]:
        """The address at which the customer files it, and where the wish stands in the log.

        With `consent` the transcript is stored as evidence; without it nothing leaves the chat but
        the customer's own words, which the wizard shows to be changed.
        """
        chat = folded(history.messages)
        assert chat.customer is not None
        said = [
            fact.text
            for fact in history.facts
            if isinstance(fact, (facts.MessagePosted, facts.OfflineMessageLeft))
            and getattr(fact, "role", "customer") == "customer"
        ]
        description = summary(said)[:DESCRIPTION]
        kind = await self._type(description, chat.language) if description else ""
        transcript = await self._transcript(history, chat.id) if consent else None
        actor = chat.customer.actor if by == "customer" else by
        request = facts.ComplaintRequested(
            by=actor,
            product_link=product_link,
            reason=kind or None,
            description=description,
            consent=consent,
            transcript=transcript,
            at=self.commands.clock(),
        )
        handled = await self.commands.chat(
            chat.id, lambda each: decider.request_complaint(each, request), by=actor
        )
        told = [("chat", chat.id), ("description", description)]
        told += [("product_link", product_link)] if product_link else []
        told += [("type", kind)] if kind else []
        told += [("evidence", transcript.id)] if transcript else []
        return f"{WIZARD}?{urlencode(told)}", handled.sequence

    async def _type(self, text: str, language: str) -> str:
        """The type that the customer's words suggest, or none."""
        try:
            found = answers(await self.sources.articles(text, language))
        except SourceAway:
            return ""
        return next((TYPE_OF_ARTICLE[hit.slug] for hit in found if hit.slug in TYPE_OF_ARTICLE), "")

    async def _transcript(self, history: History, chat_id: str) -> Evidence:
        """As the customer sees it. Only who knows its id can attach it."""
        content = as_text(chat_id, shown.show_all(history.messages, "customer")).encode()
        evidence = Evidence(
            id=new_id(),
            name=f"chat-{number('S', chat_id)}.txt",
            media_type="text/plain",
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            uploaded_at=self.commands.clock(),
            uploaded_by=UPLOADED_BY_ANYBODY,
        )
        await self.evidence.put(content, evidence)
        return evidence
