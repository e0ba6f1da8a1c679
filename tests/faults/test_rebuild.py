"""Every table of every service can be dropped: the log gives the same rows again."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from contracts.codec import Fact
from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id
from contracts.mail import MailBounced, MailDeferred, MailQueued, MailSent
from contracts.member import (
    FindingRecorded,
    FindingRevalued,
    FindingReversed,
    MeasureExpired,
    MeasureImposed,
    MeasureProposed,
    MeasureRefused,
    MeasureReversed,
    MeasureStarted,
    member_key,
)
from contracts.member import Step as Reckoned
from contracts.response import AppealLodged, EvidenceSupplied, ExtensionRequested
from deploy.parts import ROOT
from services.chat import app as chat
from services.chat.settings import Settings as ChatSettings
from services.intake import app as intake
from services.intake.settings import Settings as IntakeSettings
from services.moderation import app as moderation
from services.moderation.settings import Settings as ModerationSettings
from services.notifier import app as notifier
from services.notifier.settings import Settings as NotifierSettings
from services.runtime import migrations, projection
from services.runtime.app import Parts
from services.runtime.bus import Bus
from services.runtime.database import Database
from services.runtime.events import EventStore
from services.runtime.projection import Projector, following
from services.runtime.settings import Settings
from tests.contract.chats import IN_CHATS, OF_OPERATORS
from tests.contract.examples import DESK, OF_READERS, OUTGOING, day
from tests.load.history import Step, history
from tests.servers import PASSWORD, NatsServer

pytestmark = pytest.mark.anyio

CASES = 60
MAILS = 60
MEMBERS = 20

SERVICES: dict[str, tuple[type[Settings], Callable[[Any], FastAPI]]] = {
    "intake": (IntakeSettings, intake.build),
    "moderation": (ModerationSettings, moderation.build),
    "notifier": (NotifierSettings, notifier.build),
    "chat": (ChatSettings, chat.build),
}


def mails() -> Iterator[Step]:
    """Mails that were sent at once, later, or never."""
    chance = random.Random(1)
    for place in range(MAILS):
        mail = Aggregate(kind="mail", id=derived_id("mail", str(place)))
        queued = MailQueued(
            mail_id=mail.id,
            template="complainant/receipt",
            language=chance.choice(["en", "ru", "ar"]),
            to_address=f"Buyer{place}@example.org",
            to_name="Иван" if place % 2 else "ليلى",
            audience="complainant",
            case_id=None,
            complaint_id=derived_id("complaint", str(place)),
            params={"number": f"C-{place}", "product": "чехол 🧴"},
            queued_at=day(2),
        )
        yield mail, [queued]
        deferrals = chance.randrange(3)
        for attempt in range(1, deferrals + 1):
            yield (
                mail,
                [MailDeferred(at=day(3), attempt=attempt, reason="451", retry_at=day(3, 12))],
            )
        ends: list[Fact] = [
            MailSent(at=day(4), attempt=deferrals + 1, message_id=f"<{place}@x>", reply="250 ok"),
            MailBounced(at=day(4), attempt=deferrals + 1, reason="550 no such user"),
        ]
        yield mail, [ends[place % 2]]


def records() -> Iterator[Step]:
    """Members with findings, some of them reversed, and measures of every fate."""
    chance = random.Random(2)
    for place in range(MEMBERS):
        member = f"member:seller-{place}"
        aggregate = Aggregate(kind="member", id=member_key(member))
        finding, measure = derived_id("finding", member), derived_id("measure", member)
        about: dict[str, Any] = {
            "member": member,
            "case_id": derived_id("load", str(place)),
            "decision_id": "d",
        }
        yield (
            aggregate,
            [
                FindingRecorded(
                    finding_id=finding,
                    **about,
                    reason="CF1",
                    gravity="general",
                    track="IPP",
                    points=Decimal("6.5"),
                    explanation="A general finding.",
                    steps=(Reckoned(rule="base", points=Decimal("6.5")),),
                    at=day(3),
                    expires_at=day(3).replace(year=2027),
                ),
                MeasureProposed(
                    measure_id=measure,
                    **about,
                    kind="listing_restriction",
                    days=3,
                    track="IPP",
                    threshold=Decimal(6),
                    total=Decimal("6.5"),
                    at=day(3),
                ),
            ],
        )
        imposed = MeasureImposed(
            measure_id=measure,
            **about,
            kind="listing_restriction",
            by="sven",
            at=day(4),
            starts_at=day(4),
            ends_at=day(7),
            explanation="6.5 points.",
        )
        told: dict[str, Any] = {"measure_id": measure, "member": member, "at": day(5)}
        ends: list[list[Fact]] = [
            [imposed, MeasureStarted(**told)],
            [imposed, MeasureStarted(**told), MeasureExpired(**told)],
            [MeasureRefused(**told, by="sven", explanation="Not yet.")],
            [
                FindingRevalued(
                    finding_id=finding,
                    member=member,
                    points=Decimal(2),
                    explanation="Less.",
                    at=day(5),
                ),
                FindingReversed(
                    finding_id=finding, member=member, case_id="c", appeal_id="a", at=day(5)
                ),
                MeasureReversed(**told, case_id="c", by="olga", explanation="It fell away."),
            ],
        ]
        for fact in chance.choice(ends):
            yield aggregate, [fact]


def said_later() -> Iterator[Step]:
    """What parties sent after filing, as intake wrote it."""
    for place in range(MEMBERS):
        case_id = derived_id("load", str(place))
        said = {"case_id": case_id, "by": "seller-1"}
        response = Aggregate(kind="response", id=derived_id("later", str(place)))
        yield response, [ExtensionRequested(**said, reason="Ill.", requested_at=day(3))]
        yield response, [EvidenceSupplied(**said, text="More.", evidence=(), received_at=day(4))]
        yield (
            response,
            [
                AppealLodged(
                    **said,
                    appeal_id=derived_id("appeal", str(place)),
                    decision_id="d",
                    appellant="accused",
                    complaint_id=None,
                    text="It is not so.",
                    language="en",
                    lodged_at=day(5),
                )
            ],
        )


def told_once() -> Iterator[Step]:
    """What happens seldom, each once: to the moderators' desk, to readers, outside, in chats."""
    for kind, facts in (
        ("staff", DESK),
        ("outgoing", OUTGOING),
        ("reader", OF_READERS),
        ("chat", IN_CHATS),
        ("operator", OF_OPERATORS),
    ):
        aggregate = Aggregate.model_validate({"kind": kind, "id": derived_id("once", kind)})
        for fact in facts:
            yield aggregate, [fact]


async def last_of(bus: Bus, projector: Projector) -> int:
    """The sequence of the last message that the projector reads: with several subjects, of all."""
    stream = projector.stream.name
    if len(projector.subjects) > 1:
        return int((await bus.api(f"STREAM.INFO.{stream}", {}))["state"]["last_seq"])
    [subject] = projector.subjects
    answer = await bus.api(f"STREAM.MSG.GET.{stream}", {"last_by_subj": subject})
    return int(answer["message"]["seq"])


async def fill(store: EventStore) -> None:
    versions: dict[str, int] = {}
    for number, (aggregate, facts) in enumerate(
        [*history(CASES), *records(), *said_later(), *mails(), *told_once()]
    ):
        versions[aggregate.subject] = await store.append(
            aggregate,
            facts,
            expected=versions.get(aggregate.subject, 0),
            meta=Meta(derived_id(str(number)), day(2), "service:test", "test"),
        )


async def dump(database: Database, metadata: sa.MetaData) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables, in the order of their keys."""
    found = {}
    async with database.read() as connection:
        for table in metadata.sorted_tables:
            rows = await connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            found[table.name] = [dict(row._mapping) for row in rows]
    return found


async def drop_everything(database: Database) -> None:
    def drop(connection: sa.Connection) -> None:
        there = sa.MetaData()
        there.reflect(connection)
        there.drop_all(connection)

    async with database.write() as connection:
        await connection.run_sync(drop)


def verb(settings: Settings, *words: str) -> str:
    """What `python -m services.<service> <verb>` says."""
    told = {
        f"REDRESS_{name.upper()}": str(value)
        for name, value in settings.model_dump(exclude_none=True).items()
        if not isinstance(value, dict | list | tuple)
    }
    secrets = {"REDRESS_NATS_PASSWORD": PASSWORD, "REDRESS_SECRET_KEY": "k" * 40}
    command = [sys.executable, "-m", f"services.{settings.service}", *words]
    ended = subprocess.run(
        command, env={**told, **secrets}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("service", SERVICES)
async def test_dropped_tables_are_rebuilt_with_the_same_rows(
    service: str,
    nats: NatsServer,
    bus: Bus,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings_class, build = SERVICES[service]
    told = nats.settings(service, database_url=database_url)
    settings = settings_class(
        **told.model_dump(include={"port", "nats_url", "nats_user", "database_url"}),
        nats_password=PASSWORD,
        secret_key="k" * 40,
    )
    parts: Parts = build(settings).state.parts
    await migrations.upgrade(service, parts.database)
    await parts.bus.connect()
    # While the service is at work, facts come few at a time; in a rebuild, many at once.
    monkeypatch.setattr(projection, "REBUILD_BATCH", 7)
    async with following(*parts.projectors):
        await fill(EventStore(bus, source="tests"))
        for projector in parts.projectors:
            await projector.wait_for(await last_of(bus, projector), timeout=60)
    before = await dump(parts.database, parts.metadata)
    assert before.pop("parked") == []
    assert all(before.values()), "a table without rows proves nothing"

    await drop_everything(parts.database)
    await asyncio.to_thread(verb, settings, "migrate")
    said = await asyncio.to_thread(verb, settings, "replay")
    after = await dump(parts.database, parts.metadata)
    assert after.pop("parked") == []
    assert after == before
    assert "facts in" in said
    assert "all is there" in await asyncio.to_thread(verb, settings, "check")
    await parts.bus.close()
    await parts.database.close()
