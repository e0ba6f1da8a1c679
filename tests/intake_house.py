"""Intake for tests: the service in this process, on a real log, its clock can be moved."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2 as httpx
from fastapi import FastAPI
from PIL import Image

from contracts.case import CaseFact, CaseOpened, ComplaintJoined, CounterNoticeRequested
from contracts.codec import Message
from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, Meta
from contracts.ids import new_id
from contracts.parties import Product
from deploy.ports import free_ports
from services.intake.app import build
from services.intake.settings import Settings
from services.runtime.auth import Principal
from services.runtime.bus import Bus, ensure_streams
from services.runtime.clock import utcnow
from services.runtime.database import Database
from services.runtime.events import EventStore
from services.runtime.evidence import EvidenceStore
from services.runtime.migrations import upgrade
from tests.servers import PASSWORD, NatsServer

IVAN = Principal("member", "ivan", "Иван", "ivan@example.com", "ru", frozenset({"customer"}))
SUNRISE = Principal("member", "sunrise-store", "Sunrise", "sunrise@example.com")
SHENZHEN = Principal("member", "shenzhen-gadgets", "Shenzhen", "shenzhen@example.com")

LINK = "http://ru.aliexpress.com/item/Crystal-Case-Cover/32700000001.html"
GUIDES_EXAMPLE = {
    "product_link": LINK,
    "reason": "SM3",
    "description": "Чехол для телефона выставлен в категории «Косметички».",
    "good_faith": True,
}
AS_GUEST = GUIDES_EXAMPLE | {"name": "A guest", "email": "guest@example.org", "language": "en"}


def picture(size: tuple[int, int] = (60, 40), *, encoding: str = "JPEG") -> bytes:
    out = BytesIO()
    Image.linear_gradient("L").convert("RGB").resize(size).save(out, encoding)
    return out.getvalue()


class MovedClock:
    """The machine's time, set forward or back by `offset`."""

    offset = timedelta()

    def __call__(self) -> datetime:
        return utcnow() + self.offset


@dataclass
class House:
    """The running service, the log behind it, and moderation's pen."""

    app: FastAPI
    http: httpx.AsyncClient
    events: EventStore
    evidence: EvidenceStore
    clock: MovedClock

    def headers(self, who: Principal | None) -> dict[str, str]:
        if who is None:
            return {}
        return {"Authorization": f"Bearer {self.app.state.auth.tokens.issue(who)}"}

    async def post(
        self,
        path: str,
        body: Any = None,
        who: Principal | None = None,
        *,
        status: int = 201,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **request: Any,
    ) -> Any:
        """The JSON that a POST to `/api/v1<path>` is answered with."""
        sent = self.headers(who) | (headers or {}) | ({"Idempotency-Key": key} if key else {})
        content = {"json": body} if body is not None else {}
        answer = await self.http.post(f"/api/v1{path}", headers=sent, **content, **request)
        assert answer.status_code == status, answer.text
        if status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == status
        return answer.json()

    async def upload(
        self,
        content: bytes,
        name: str = "photo.jpg",
        who: Principal | None = None,
        *,
        status: int = 201,
    ) -> Any:
        return await self.post("/evidence", who=who, status=status, files={"file": (name, content)})

    async def filed(self, complaint_id: str) -> tuple[Message, ComplaintFiled]:
        """What stands in the log about a complaint: one message of one fact."""
        history = await self.events.read(Aggregate(kind="complaint", id=complaint_id))
        (message,) = history.messages
        (fact,) = message.facts
        assert isinstance(fact, ComplaintFiled)
        return message, fact

    async def case(
        self,
        *facts: CaseFact,
        accused: str | None = SUNRISE.id,
        due_in: timedelta | None = timedelta(days=7),
        product_id: str = "32700000001",
        link: str = LINK,
        complaints: int = 1,
    ) -> tuple[str, int]:
        """A case as moderation would write it, asked about when `due_in` is given, and where it
        stands in the log."""
        case_id, now = new_id(), utcnow()
        opened = CaseOpened(
            case_id=case_id,
            number="K-1",
            accused=accused,
            product=Product(link=link, product_id=product_id),
            complaint_type="SM",
            severity=1,
            policy_version="1",
            opened_at=now,
            triage_due_at=now,
        )
        joined = [
            ComplaintJoined(
                complaint_id=new_id(),
                complaint_number="C-1",
                complainant="member:ivan",
                reason="SM3",
                language="ru",
                joined_at=now,
            )
            for _ in range(complaints)
        ]
        asked = (
            [CounterNoticeRequested(by="mia", at=now, due_at=now + due_in, allegation="Look.")]
            if due_in is not None
            else []
        )
        sequence = await self.events.append(
            Aggregate(kind="case", id=case_id),
            [opened, *joined, *asked, *facts],
            expected=0,
            meta=Meta(id=new_id(), time=now, actor="service:moderation", correlation="test"),
        )
        return case_id, sequence


@asynccontextmanager
async def intake(
    nats: NatsServer, *, database_url: str, **settings_: object
) -> AsyncIterator[House]:
    """The service with the rights it has at the broker, until the block is left.

    The marketplace is away and nothing limits filing, unless `settings_` say so.
    """
    bus = Bus(nats.settings())
    await bus.connect()
    await ensure_streams(bus, replicas=1)
    database = Database(database_url)
    await upgrade("intake", database)
    await database.close()
    clock = MovedClock()
    settings = Settings.model_validate(
        {
            "nats_url": nats.url,
            "nats_user": "intake",
            "nats_password": PASSWORD,
            "database_url": database_url,
            "secret_key": "k" * 40,
            "public_url": "http://intake",
            "internal_marketplace_url": f"http://127.0.0.1:{free_ports(['nobody'])['nobody']}",
            "filing_limit_guest": "",
            "filing_limit_member": "",
            "filing_limit_network": "",
            "repeated_complaint_minutes": 0,
            **settings_,
        }
    )
    app = build(settings, clock=clock)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    try:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://intake") as http,
        ):
            yield House(app, http, EventStore(bus, source="moderation"), EvidenceStore(bus), clock)
    finally:
        await bus.close()


def sqlite(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'intake.sqlite'}"
