"""Moderation for tests: the service in this process, on a real log, its clock can be moved."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import anyio
import httpx2 as httpx
from fastapi import FastAPI
from pydantic import SecretStr

from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id, new_id, number
from contracts.parties import Evidence, Person, Product
from contracts.response import CounterNoticeSubmitted
from deploy.broker import ADMIN
from deploy.marketplace.catalogue import find
from deploy.parts import PARTS
from deploy.topology import Topology
from services.intake.settings import Settings as IntakeSettings
from services.moderation.app import build
from services.moderation.cases import Cases
from services.moderation.handlers import Handlers
from services.moderation.joining import Joining
from services.moderation.outgoing.sending import Outgoing
from services.moderation.outgoing.store import OutgoingStore
from services.moderation.policy import policy
from services.moderation.settings import Settings
from services.moderation.standing.pauses import Pauses
from services.moderation.standing.reactions import Standing
from services.moderation.standing.records import Records
from services.moderation.store import Store
from services.runtime.app import Parts
from services.runtime.auth import Principal, guest_id
from services.runtime.bus import Bus
from services.runtime.clock import utcnow
from services.runtime.database import Database
from services.runtime.events import EventStore
from services.runtime.evidence import EvidenceStore
from services.runtime.marketplace import Catalogue, Marketplace
from services.runtime.migrations import upgrade
from services.runtime.settings import Settings as AnySettings

S = TypeVar("S", bound=AnySettings)

PHONE_CASE = "32700000001"
"""A product of the demo catalogue; `sunrise-store` sells it."""

_numbers = count(4_000_000)


def new_product() -> str:
    """The id of a product of `sunrise-store` that no other test complains about."""
    ids = (str(number) for number in _numbers)
    return next(each for each in ids if (p := find(each)) and p.seller_id == SUNRISE.id)


IVAN = Principal("member", "ivan", "Иван", "ivan@example.com", "ru", frozenset({"customer"}))
LAYLA = Principal("member", "layla", "ليلى", "layla@example.com", "ar", frozenset({"customer"}))
SUNRISE = Principal("member", "sunrise-store", "Sunrise", roles=frozenset({"customer"}))
MIA = Principal("staff", "mia", "Mia", roles=frozenset({"moderator"}))
SVEN = Principal("staff", "sven", "Sven", roles=frozenset({"senior_moderator"}))
OLGA = Principal("staff", "olga", "Olga", roles=frozenset({"appeals_officer"}))
GUEST = Principal.guest("guest@example.com", "A guest")


class MovedClock:
    """The machine's time, set forward or back by `offset`."""

    offset = timedelta()

    def __call__(self) -> datetime:
        return utcnow() + self.offset


@dataclass(frozen=True, slots=True)
class Filed:
    id: str
    number: str
    sequence: int
    fact: ComplaintFiled


@dataclass
class Intake:
    """What intake would write, written with intake's own rights."""

    events: EventStore
    evidence: EvidenceStore
    clock: Callable[[], datetime]

    async def file(
        self,
        who: Principal = IVAN,
        *,
        product_id: str | None = PHONE_CASE,
        reason: str = "SM3",
        description: str = "Чехол выставлен в категории «Косметички».",
        evidence: tuple[Evidence, ...] = (),
        chat_id: str | None = None,
    ) -> Filed:
        complaint_id = new_id()
        link_id = product_id or complaint_id
        fact = ComplaintFiled(
            complaint_id=complaint_id,
            number=number("C", complaint_id),
            product=Product(
                link=f"https://www.aliexpress.com/item/{link_id}.html",
                product_id=product_id,
            ),
            complaint_type=reason.rstrip("0123456789"),
            reason=reason,
            description=description,
            language="ru",
            complainant=Person(
                kind="guest" if who.kind == "guest" else "member",
                id=who.id,
                name=who.name,
                email=who.email,
                language=who.language,
            ),
            evidence=evidence,
            chat_id=chat_id,
            good_faith=True,
            filed_at=self.clock(),
        )
        aggregate = Aggregate(kind="complaint", id=complaint_id)
        sequence = await self.events.append(aggregate, [fact], expected=0, meta=self._meta(who))
        return Filed(complaint_id, fact.number, sequence, fact)

    async def answer(
        self,
        case_id: str,
        *,
        text: str = "The category is right.",
        received_at: datetime | None = None,
        evidence: tuple[Evidence, ...] = (),
    ) -> int:
        aggregate = Aggregate(kind="response", id=case_id)
        history = await self.events.read(aggregate)
        fact = CounterNoticeSubmitted(
            case_id=case_id,
            by=SUNRISE.id,
            text=text,
            evidence=evidence,
            received_at=received_at or self.clock(),
        )
        return await self.events.append(
            aggregate, [fact], expected=history.version, meta=self._meta(SUNRISE)
        )

    async def upload(self, name: str, content: bytes, *, by: Principal) -> Evidence:
        evidence = Evidence(
            id=new_id(),
            name=name,
            media_type="image/png",
            size=len(content),
            sha256=derived_id(name),
            uploaded_at=self.clock(),
            uploaded_by=by.actor,
        )
        await self.evidence.put(content, evidence)
        return evidence

    def _meta(self, who: Principal) -> Meta:
        command = new_id()
        return Meta(id=command, time=self.clock(), actor=who.actor, correlation=command)


@dataclass
class House:
    """The running service, the other side's pen, and readers with their tokens."""

    app: FastAPI
    http: httpx.AsyncClient
    intake: Intake
    clock: MovedClock
    written: int = 0
    """How far the log must be worked in before anything is read."""

    def headers(self, who: Principal | None) -> dict[str, str]:
        if who is None:
            return {}
        token = self.app.state.auth.tokens.issue(who)
        return {"Authorization": f"Bearer {token}"}

    def guest_token(self, complaint_id: str, email: str = GUEST.email) -> str:
        token: str = self.app.state.auth.links.sign(
            "complaint", complaint_id, holder=guest_id(email)
        )
        return token

    async def get(
        self, path: str, who: Principal | None = None, *, status: int = 200, **params: Any
    ) -> Any:
        """The JSON at `/api/v1<path>`, as `who` reads it."""
        params = {"after": self.written} | params
        answer = await self.http.get(f"/api/v1{path}", params=params, headers=self.headers(who))
        assert answer.status_code == status, answer.text
        return answer.json()

    async def send(
        self,
        case_id: str,
        command: str,
        who: Principal = MIA,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **body: Any,
    ) -> Any:
        """What a command of a member of staff came to."""
        answer = await self.http.post(
            f"/api/v1/moderation/cases/{case_id}/{command}",
            json=body,
            headers=self.headers(who) | (headers or {}),
        )
        assert answer.status_code == status, answer.text
        acted = answer.json()
        self.written = max(self.written, acted.get("sequence", 0))
        return acted

    async def case_of(self, filed: Filed) -> str:
        """The id of the complaint's case, as soon as it has one."""
        return str((await self.opened(filed))["case"]["id"])

    async def under_review(self, who: Principal = IVAN, **filed: Any) -> tuple[Filed, str]:
        """A complaint about a product of its own, and its case, which Mia has claimed."""
        complaint = await self.intake.file(who, product_id=new_product(), **filed)
        case_id = await self.case_of(complaint)
        await self.send(case_id, "admit")
        await self.send(case_id, "claim")
        return complaint, case_id

    async def opened(self, filed: Filed) -> Any:
        """The complaint as its complainant sees it once it has a case."""
        path = f"/center/complaints/{filed.id}"
        return await self.eventually(
            lambda: self.get(path, after=filed.sequence, token=self.guest_token(filed.id)),
            lambda complaint: complaint["case"] is not None,
        )

    def handlers(self, catalogue: Catalogue | None = None) -> Handlers:
        """The service's own reactions, to be called as another delivery would."""
        parts: Parts = self.app.state.parts
        if catalogue is None:
            catalogue = Marketplace(parts.settings.marketplace_url)
            parts.on_stop.append(catalogue.aclose)
        return handlers_on(parts, self.clock, catalogue)

    async def eventually(
        self,
        read: Callable[[], Any],
        until: Callable[[Any], bool],
        *,
        seconds: float = 20.0,
    ) -> Any:
        """What `read` returns as soon as `until` holds of it."""
        async with asyncio.timeout(seconds):
            found = await read()
            while not until(found):
                await anyio.sleep(0.02)
                found = await read()
        return found


def settings_of(topology: Topology, kind: type[S], **changes: Any) -> S:
    """Settings as the topology would give them to the service."""
    part = next(part for part in PARTS if part.name == kind.service)
    environment = topology.site.environment(part)
    known = {
        name: value
        for name in kind.model_fields
        if (value := environment.get(f"REDRESS_{name.upper()}")) is not None
    }
    return kind(**{**known, **changes})


def sqlite(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'moderation.sqlite'}"


@asynccontextmanager
async def connected(settings: AnySettings) -> AsyncIterator[Bus]:
    bus = Bus(settings)
    await bus.connect()
    try:
        yield bus
    finally:
        await bus.close()


def admin_bus(topology: Topology) -> AbstractAsyncContextManager[Bus]:
    """A connection that may do anything, such as forgetting a consumer."""
    password = SecretStr(topology.site.secrets.nats[ADMIN])
    return connected(settings_of(topology, Settings, nats_user=ADMIN, nats_password=password))


@asynccontextmanager
async def intake_of(topology: Topology, clock: MovedClock) -> AsyncIterator[Intake]:
    """Intake's pen alone, whether or not moderation runs."""
    async with connected(settings_of(topology, IntakeSettings)) as bus:
        yield Intake(EventStore(bus, source="intake"), EvidenceStore(bus), clock)


def handlers_on(parts: Parts, clock: MovedClock, catalogue: Catalogue) -> Handlers:
    cases = Cases(parts.events, policy=policy())
    records = Records(parts.events, policy=policy())
    pauses = Pauses(records=records, database=parts.database, projector=parts.projectors[0])
    joining = Joining(
        events=parts.events,
        cases=cases,
        store=Store(parts.database),
        projector=parts.projectors[0],
        catalogue=catalogue,
        pauses=pauses,
        clock=clock,
    )
    standing = Standing(cases=cases, records=records, timers=parts.timers, clock=clock)
    outgoing = Outgoing(
        events=parts.events,
        cases=cases,
        timers=parts.timers,
        store=OutgoingStore(parts.database),
        projector=parts.projectors[0],
        policy=policy(),
        clock=clock,
        endpoint=None,
        register=None,
    )
    return Handlers(
        joining=joining,
        pauses=pauses,
        standing=standing,
        outgoing=outgoing,
        cases=cases,
        events=parts.events,
        timers=parts.timers,
        policy=policy(),
        clock=clock,
    )


@asynccontextmanager
async def handlers_alone(
    topology: Topology, *, database_url: str, clock: MovedClock
) -> AsyncIterator[tuple[Handlers, EventStore]]:
    """The reactions with nobody calling them: no consumer runs."""
    settings = settings_of(topology, Settings, database_url=database_url)
    parts: Parts = build(settings, clock=clock).state.parts
    await parts.bus.connect()
    try:
        async with aclosing(Marketplace(settings.marketplace_url)) as marketplace:
            yield handlers_on(parts, clock, marketplace), parts.events
    finally:
        await parts.bus.close()
        await parts.database.close()


@asynccontextmanager
async def moderation(
    topology: Topology, *, database_url: str, clock: MovedClock, **changes: Any
) -> AsyncIterator[House]:
    """The service, started, until the block is left; `changes` are settings of it."""
    settings = settings_of(topology, Settings, database_url=database_url, **changes)
    database = Database(database_url)
    await upgrade("moderation", database)
    await database.close()
    app = build(settings, clock=clock)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        intake_of(topology, clock) as intake,
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://moderation") as http,
    ):
        yield House(app, http, intake, clock)
