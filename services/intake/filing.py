"""Filing complaints: the command's edges, around the decider. Nothing here touches SQL."""

import asyncio
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id, new_id
from contracts.parties import Evidence, Language
from services.intake import checks
from services.intake.decider.filing import FileComplaint, Sender, file
from services.intake.evidence_kinds import FILES_AT_MOST
from services.intake.fairness import FairUse
from services.intake.links import TEXT_LIMIT
from services.intake.profile import Profile
from services.intake.suspensions import Suspensions
from services.runtime.auth import Auth, Principal, guest_id
from services.runtime.clock import Clock
from services.runtime.events import EventStore
from services.runtime.evidence import EvidenceStore
from services.runtime.problems import Conflict, Invalid, Refused
from services.runtime.sentences import gettext as _

KEY_LIMIT: Final = 200
_KEY: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_EVIDENCE_ID: Final = re.compile(r"[0-9a-f]{32}")


EvidenceIds = Annotated[
    list[str],
    Field(
        description="Ids of files sent to /api/v1/evidence.",
        json_schema_extra={"maxItems": FILES_AT_MOST},
    ),
]


class KeyReused(Refused):
    """The Idempotency-Key belongs to another request (draft-ietf-httpapi-idempotency-key, 2.7)."""

    status = 422
    title = _("This Idempotency-Key was used for something else")


class ComplaintBody(BaseModel):
    """A complaint as it is filed (Digital Services Act, Art. 16(2)).

    A member who is signed in need not give `name` and `email`; what the account says counts.
    """

    # What is missing or too long is for the decider to say, everything at once; the limits stand
    # here for the documentation.
    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        json_schema_extra={"required": ["product_link", "reason", "description", "good_faith"]},
    )

    product_link: Annotated[
        str,
        Field(
            description="The product's address, or a text with it.",
            examples=["https://www.aliexpress.com/item/32845522857.html"],
            json_schema_extra={"maxLength": TEXT_LIMIT},
        ),
    ] = ""
    reason: Annotated[
        str, Field(description="A reason's code of the taxonomy.", examples=["SM3"])
    ] = ""
    description: Annotated[
        str,
        Field(
            description="In the complainant's own words, in any language; never altered.",
            examples=["The case for a telephone is listed under cosmetics bags."],
            json_schema_extra={"minLength": 1, "maxLength": checks.DESCRIPTION_LIMIT},
        ),
    ] = ""
    email: Annotated[str | None, Field(examples=["ivan@example.org"])] = None
    name: Annotated[str | None, Field(examples=["Ivan"])] = None
    language: Annotated[
        Language | None,
        Field(
            description="Of the description, and for the mails. Found from the text if left out."
        ),
    ] = None
    evidence: EvidenceIds = []
    dispute: Annotated[
        str | None,
        Field(
            description="The dispute about the order that was lost or is open, if there is one.",
            examples=["D-5521"],
            json_schema_extra={"maxLength": checks.DISPUTE_LIMIT},
        ),
    ] = None
    chat_id: Annotated[
        str | None,
        Field(description="The support chat that it is filed from.", pattern="^[0-9a-f]{32}$"),
    ] = None
    good_faith: Annotated[
        bool,
        Field(
            strict=True,
            description="That the statements are, to the complainant's knowledge, accurate and "
            "complete (Art. 16(2)(d)). Must be true.",
            examples=[True],
        ),
    ] = False

    @field_validator("language", mode="before")
    @classmethod
    def _is_a_tag(cls, value: Any) -> Any:
        if value and not (isinstance(value, str) and _LANGUAGE.fullmatch(value)):
            raise ValueError("A language is given by its tag, such as en, ru or pt-BR")
        return value or None


class Receipt(BaseModel):
    """What the complainant gets, at once (Art. 16(4)).

    `sequence` is where the complaint stands in the log; `status_url` waits for it, so the state
    read there is never older. `token` opens the complaint to a guest, who has no account.
    `repeated`: the same complaint was filed a short while ago, and this is its receipt. `notice` is
    a sentence for a complainant whose right to complain is suspended: the complaint is kept.
    """

    id: str
    number: Annotated[str, Field(examples=["C-7K3F9-QXD2M"])]
    state: Annotated[str, Field(examples=["submitted"])] = "submitted"
    status_url: str
    page_url: str
    sequence: int
    token: str | None = None
    repeated: bool | None = None
    notice: str | None = None


class Filing:
    """Files complaints into the log."""

    def __init__(
        self,
        *,
        events: EventStore,
        evidence: EvidenceStore,
        auth: Auth,
        profile: Profile,
        fair_use: FairUse,
        suspensions: Suspensions,
        clock: Clock,
    ) -> None:
        self._events = events
        self._evidence = evidence
        self._auth = auth
        self._profile = profile
        self._fair_use = fair_use
        self._suspensions = suspensions
        self._clock = clock

    async def file(
        self,
        body: ComplaintBody,
        who: Principal | None,
        *,
        key: str | None,
        correlation: str,
        network: str | None = None,
    ) -> Receipt:
        """Files a complaint; the same `key` (an Idempotency-Key) files the same one only once.

        `network` is the address that it came from. Raises Invalid, TooMany, KeyReused when `key`
        came with another complaint before, or Unavailable.
        """
        sender = sender_of(who, body)
        complaint_id = new_id() if key is None else _id_for(sender, checked_key(key))
        filed = file(
            FileComplaint(
                complaint_id=complaint_id,
                product_link=body.product_link,
                reason=body.reason,
                description=body.description,
                sender=sender,
                language=body.language,
                evidence=await self.named(body.evidence, who) if body.evidence else (),
                good_faith=body.good_faith,
                dispute=body.dispute,
                chat_id=body.chat_id,
            ),
            now=self._clock(),
            profile=self._profile,
        )
        mark = self._fair_use.mark(filed)
        async with self._fair_use.alone(mark) as first:
            if first is not None and first.complaint_id != complaint_id:
                return await self._receipt(
                    first.complaint_id, first.number, first.sequence, sender, repeated=True
                )
            if first is None:
                await self._fair_use.admit(filed, network)
            sequence = await self._append(filed, _command_id(complaint_id, body, key), correlation)
            self._fair_use.remember(mark, filed, sequence)
        return await self._receipt(complaint_id, filed.number, sequence, sender)

    async def _append(self, filed: ComplaintFiled, command: str, correlation: str) -> int:
        meta = Meta(
            id=command,
            time=filed.filed_at,
            actor=filed.complainant.actor,
            correlation=correlation,
        )
        aggregate = Aggregate(kind="complaint", id=filed.complaint_id)
        try:
            return await self._events.append(aggregate, [filed], expected=0, meta=meta)
        except Conflict:
            raise KeyReused(
                _(
                    "With this key another complaint was filed, %(number)s. "
                    "Use a new key for a new complaint."
                )
                % {"number": filed.number},
                number=filed.number,
            ) from None

    async def named(self, ids: Sequence[str], who: Principal | None) -> tuple[Evidence | None, ...]:
        """The files with these ids, None for each that is not there or another member's.

        Too many are not looked for at all: they are refused for their number.
        """
        if len(ids) > FILES_AT_MOST:
            return (None,) * len(ids)
        found = await asyncio.gather(*(self._lookup(each) for each in dict.fromkeys(ids)))
        actor = who.actor if who else None
        return tuple(
            each if each and each.uploaded_by in (actor, ANONYMOUS) else None for each in found
        )

    async def _lookup(self, evidence_id: str) -> Evidence | None:
        if not _EVIDENCE_ID.fullmatch(evidence_id):
            return None
        return await self._evidence.info(evidence_id)

    async def _receipt(
        self,
        complaint_id: str,
        number: str,
        sequence: int,
        sender: Sender,
        *,
        repeated: bool = False,
    ) -> Receipt:
        token = None
        tail = f"{complaint_id}?after={sequence}"
        if sender.kind == "guest":
            token = self._auth.links.sign("complaint", complaint_id, holder=sender.id)
            tail += f"&token={token}"  # made of letters that need no quoting
        return Receipt(
            id=complaint_id,
            number=number,
            status_url=f"/api/v1/center/complaints/{tail}",
            page_url=f"/center/complaints/{tail}",
            sequence=sequence,
            token=token,
            repeated=repeated or None,
            notice=await self._suspensions.sentence(
                f"{sender.kind}:{sender.id}", now=self._clock()
            ),
        )


ANONYMOUS: Final = "guest:anonymous"
"""Who uploads without an account. The id of what they sent, known to them alone, is their proof."""


def uploader(who: Principal | None) -> str:
    """The actor who uploads a file."""
    return who.actor if who and who.signed_in else ANONYMOUS


def sender_of(who: Principal | None, body: ComplaintBody) -> Sender:
    """Who files: the account that is signed in, else the guest whom the body names."""
    if who is not None and who.kind in ("member", "staff"):
        return Sender(
            "member",
            who.id,
            who.name or body.name or "",
            who.email or body.email or "",
            who.language,
        )
    email = checks.address(body.email or "")
    return Sender("guest", guest_id(email), body.name or "", email)


def checked_key(key: str) -> str:
    """An Idempotency-Key as it was sent. Raises Invalid when it is too long or not plain text."""
    if len(key) > KEY_LIMIT or not _KEY.fullmatch(key):
        sentence = _("An Idempotency-Key is 1 to %(n)s printable ASCII characters.") % {
            "n": KEY_LIMIT
        }
        raise Invalid([{"field": "Idempotency-Key", "message": sentence}])
    return key


def _command_id(complaint_id: str, body: ComplaintBody, key: str | None) -> str:
    """Another body under the same key makes another command, which the log then refuses."""
    if key is None:
        return complaint_id
    return derived_id("file", complaint_id, body.model_dump_json())


def _id_for(sender: Sender, key: str) -> str:
    return derived_id("complaint", sender.kind, sender.id, key)
