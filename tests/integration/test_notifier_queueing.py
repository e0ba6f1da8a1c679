"""From the facts in a real log to the mails queued, each with its right reader."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Any

import pytest
from faststream.nats import NatsBroker

from contracts.codec import Fact, Message
from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id, new_id
from contracts.mail import (
    AddressSuppressed,
    MailQueued,
    MailSuppressed,
    PreferencesSet,
    address_key,
    reader_key,
)
from contracts.member import MeasureExpired, MeasureImposed, member_key
from contracts.response import AppealLodged
from deploy.marketplace.app import build
from deploy.marketplace.settings import Settings as MarketplaceSettings
from deploy.ports import HOST, free_ports
from deploy.topology import Topology
from services.notifier.digests import Digests
from services.notifier.handlers import NobodyThere, Queueing
from services.notifier.rendering import Links, render
from services.notifier.settings import Settings
from services.notifier.tables import metadata
from services.notifier.telling import plan
from services.notifier.wishes import Wishes
from services.runtime.bus import Bus
from services.runtime.database import Database
from services.runtime.events import EventStore
from services.runtime.marketplace import Marketplace
from services.runtime.problems import Unavailable
from services.runtime.projection import Read
from services.runtime.timers import Timers
from tests.serving import Server
from tests.telling import (
    ADMITTED,
    ANSWERED,
    APPEAL_REFUSED,
    ASKED,
    DECIDED,
    GUEST,
    IMPOSED,
    IVAN,
    LINK,
    NOON,
    REMINDED,
    SUSPENDED,
    appealed,
    filed,
    joined,
    opened,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    with Topology(tmp_path_factory.mktemp("data"), only=["streams"]) as topology:
        yield topology


@pytest.fixture(scope="module")
def marketplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = Server()
    data: Path = tmp_path_factory.mktemp("marketplace")
    with server.serving(build(MarketplaceSettings(public_url=server.url, data=data))):
        yield server.url


class Site:
    """The log with its writers, and the telling half of the notifier."""

    def __init__(
        self, stores: dict[str, EventStore], marketplace: str, wishes: Wishes, timers: Timers
    ) -> None:
        self._stores = stores
        self.wishes = wishes
        self.case = Aggregate(kind="case", id=new_id())
        self._history: list[Message] = []
        self.directory = Marketplace(marketplace)
        self.store = stores["notifier"]
        self.digests = Digests(self.store, timers, lambda mail: mail.template, clock=lambda: NOON)
        self.queueing = self.queueing_with(self.directory)

    def queueing_with(self, directory: Marketplace) -> Queueing:
        return Queueing(
            self.store,
            directory,
            clock=lambda: NOON,
            wishes=self.wishes,
            digests=self.digests,
        )

    async def file(self, complaint: ComplaintFiled) -> Message:
        aggregate = Aggregate(kind="complaint", id=complaint.complaint_id)
        return await self._append("intake", aggregate, 0, complaint)

    async def happen(self, *facts: Fact) -> Message:
        """Something in the case, as moderation writes it."""
        version = self._history[-1].sequence if self._history else 0
        message = await self._append("moderation", self.case, version, *facts)
        self._history.append(message)
        return message

    async def suppressed(self, mail: MailQueued) -> str | None:
        """Why the mail is not sent, if it is not."""
        for fact in (await self.store.read(Aggregate(kind="mail", id=mail.mail_id))).facts:
            if isinstance(fact, MailSuppressed):
                return fact.why
        return None

    async def on_record(self, fact: MeasureImposed | MeasureExpired) -> Message:
        """Something in a member's standing."""
        aggregate = Aggregate(kind="member", id=member_key(fact.member))
        version = (await self._stores["moderation"].read(aggregate)).version
        return await self._append("moderation", aggregate, version, fact)

    async def answer(self, fact: AppealLodged) -> Message:
        aggregate = Aggregate(kind="response", id=self.case.id)
        return await self._append("intake", aggregate, 0, fact)

    async def _append(
        self, writer: str, aggregate: Aggregate, version: int, *facts: Fact
    ) -> Message:
        meta = Meta(id=new_id(), time=NOON, actor=f"service:{writer}", correlation="test")
        await self._stores[writer].append(aggregate, facts, expected=version, meta=meta)
        return (await self._stores[writer].read(aggregate)).messages[-1]

    async def mails(self, message: Message) -> list[MailQueued]:
        """The mails about `message` that stand in the log, the accused's last."""
        before = await self.queueing.before(message)
        found = []
        for told in plan(message, before):
            aggregate = Aggregate(kind="mail", id=told.mail_id)
            facts = (await self._stores["notifier"].read(aggregate)).facts
            found += [fact for fact in facts if isinstance(fact, MailQueued)]
        return found


@pytest.fixture
async def site(broker: Topology, marketplace: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        stores = {}
        for user in ("intake", "moderation", "notifier"):
            settings = Settings.model_validate(
                {
                    "nats_url": f"nats://{HOST}:{broker.site.ports['nats']}",
                    "nats_user": user,
                    "nats_password": broker.site.secrets.nats[user],
                    "database_url": "sqlite+aiosqlite://",
                    "secret_key": "0" * 32,
                }
            )
            bus = Bus(settings)
            await bus.connect()
            stack.push_async_callback(bus.close)
            stores[user] = EventStore(bus, source=user)
        database = Database(f"sqlite+aiosqlite:///{tmp_path}/notifier.db")
        async with database.write() as connection:
            await connection.run_sync(metadata.create_all)
        stack.push_async_callback(database.close)
        timers = Timers(NatsBroker(), bus, service="notifier")
        site = Site(stores, marketplace, Wishes(database), timers)
        stack.push_async_callback(site.directory.aclose)
        yield site


def to(mails: list[MailQueued]) -> list[tuple[str, str, str]]:
    return [(mail.audience, mail.to_address, mail.template) for mail in mails]


async def a_case(site: Site) -> tuple[ComplaintFiled, ComplaintFiled]:
    """Two complaints about one listing, joined and admitted."""
    ivans, guests = filed(IVAN, name=new_id()), filed(GUEST, name=new_id())
    await site.file(ivans)
    await site.file(guests)
    await site.happen(opened(), joined(ivans))
    await site.happen(joined(guests))
    await site.happen(ADMITTED)
    return ivans, guests


async def test_the_complainant_gets_a_receipt(site: Site) -> None:
    message = await site.file(filed(IVAN, name=new_id()))
    await site.queueing.on_message(message)
    (mail,) = await site.mails(message)
    assert (mail.to_address, mail.to_name, mail.language) == (IVAN.email, IVAN.name, "ru")
    assert (mail.template, mail.case_id) == ("receipt", None)
    assert mail.queued_at == NOON


async def test_a_decision_reaches_both_sides_each_with_its_own(site: Site) -> None:
    ivans, guests = await a_case(site)
    message = await site.happen(DECIDED)
    await site.queueing.on_message(message)
    mails = await site.mails(message)
    assert to(mails) == [
        ("complainant", IVAN.email, "decided"),
        ("complainant", GUEST.email, "decided"),
        ("accused", "sunrise-store@example.org", "decided"),
    ]
    assert [mail.params["number"] for mail in mails] == [
        ivans.number,
        guests.number,
        "K-QXD2M-7K3F9",
    ]
    assert [mail.complaint_id for mail in mails] == [
        ivans.complaint_id,
        guests.complaint_id,
        None,
    ]


async def test_a_measure_and_its_end_reach_whom_they_are_about(site: Site) -> None:
    ivans, _ = await a_case(site)
    frozen = IMPOSED.model_copy(update={"case_id": site.case.id, "measure_id": new_id()})
    suspended = SUSPENDED.model_copy(update={"case_id": site.case.id, "measure_id": new_id()})
    for imposed, reader, complaint_id in (
        (frozen, "sunrise-store@example.org", None),
        (suspended, IVAN.email, ivans.complaint_id),
    ):
        message = await site.on_record(imposed)
        await site.queueing.on_message(message)
        ended = MeasureExpired(measure_id=imposed.measure_id, member=imposed.member, at=NOON)
        over = await site.on_record(ended)
        await site.queueing.on_message(over)
        for told in (message, over):
            (mail,) = await site.mails(told)
            assert (mail.to_address, mail.complaint_id) == (reader, complaint_id)
            assert mail.case_id == site.case.id


async def test_who_lodged_an_appeal_that_cannot_be_heard_is_found_in_the_answers(
    site: Site,
) -> None:
    _, guests = await a_case(site)
    await site.happen(DECIDED)
    opening = appealed(guests)
    assert opening.complaint_id
    await site.answer(
        AppealLodged(
            appeal_id=opening.appeal_id,
            case_id=site.case.id,
            decision_id=opening.decision_id,
            appellant="complainant",
            complaint_id=opening.complaint_id,
            by=opening.by,
            text=opening.text,
            language="ar",
            lodged_at=NOON,
        )
    )
    message = await site.happen(APPEAL_REFUSED)
    await site.queueing.on_message(message)
    assert to(await site.mails(message)) == [("complainant", GUEST.email, "appeal_rejected")]


def chose(reader: str, **wanted: Any) -> Read:
    """What the projector tells when a reader has chosen."""
    wish = {"reminders": True, "news": "each"} | wanted
    fact = PreferencesSet.model_validate({"reader": reader, "by": reader, "at": NOON} | wish)
    aggregate = Aggregate(kind="reader", id=reader_key(reader))
    meta = Meta(id=new_id(), time=NOON, actor=reader, correlation="test")
    return Read(1, aggregate.subject, Message(1, aggregate.subject, meta, (fact,)))


async def test_who_wants_no_reminders_gets_none_but_all_that_is_obligatory(site: Site) -> None:
    await a_case(site)
    site.wishes.hear([chose("member:sunrise-store", reminders=False, language="ru")])
    asking = await site.happen(ASKED)
    await site.queueing.on_message(asking)
    (asked,) = (mail for mail in await site.mails(asking) if mail.audience == "accused")
    assert asked.language == "ru"
    assert await site.suppressed(asked) is None
    reminding = await site.happen(REMINDED)
    await site.queueing.on_message(reminding)
    (reminder,) = await site.mails(reminding)
    assert await site.suppressed(reminder) == "preference"


async def test_news_are_gathered_into_one_mail_for_who_wants_that(site: Site) -> None:
    person = IVAN.model_copy(update={"id": new_id()})
    complaint = filed(person, name=new_id())
    await site.file(complaint)
    await site.happen(opened(), joined(complaint), ADMITTED)
    site.wishes.hear([chose(person.actor, news="digest")])
    held = []
    for fact in (ASKED, ANSWERED):
        message = await site.happen(fact)
        await site.queueing.on_message(message)
        held += [mail for mail in await site.mails(message) if mail.to_address == IVAN.email]
    assert [await site.suppressed(mail) for mail in held] == ["digest", "digest"]

    for _ in range(2):  # a timer may fire twice
        await site.digests.on_timer("digest", {"reader": person.actor})
    digest_id = derived_id("digest", person.actor, *(mail.mail_id for mail in held))
    aggregate = Aggregate(kind="mail", id=digest_id)
    (digest,) = (await site.store.read(aggregate)).facts
    assert isinstance(digest, MailQueued)
    assert (digest.template, digest.to_address, digest.duty) == ("digest", IVAN.email, "news")
    shown = render(digest, Links("https://m.example", lambda *_: "t"), brand="Desk")
    assert shown.text.count(f"/center/complaints/{complaint.complaint_id}") == 2

    decision = await site.happen(DECIDED)
    await site.queueing.on_message(decision)
    told = [mail for mail in await site.mails(decision) if mail.to_address == IVAN.email]
    assert [await site.suppressed(mail) for mail in told] == [None]


async def test_an_address_that_takes_nothing_is_not_tried_again(site: Site) -> None:
    complaint = filed(IVAN, name=new_id())
    fact = AddressSuppressed(address=IVAN.email.upper(), mail_id="m", reason="550 5.1.1", at=NOON)
    subject = Aggregate(kind="reader", id=address_key(IVAN.email)).subject
    meta = Meta(id=new_id(), time=NOON, actor="service:notifier", correlation="test")
    site.wishes.hear([Read(1, subject, Message(1, subject, meta, (fact,)))])
    message = await site.file(complaint)
    await site.queueing.on_message(message)
    (mail,) = await site.mails(message)
    assert await site.suppressed(mail) == "address"


async def test_what_was_told_elsewhere_is_marked_and_not_mailed(site: Site) -> None:
    await a_case(site)
    message = await site.happen(ASKED)
    would = await site.queueing.mark(message, dry=True)
    assert await site.mails(message) == []
    assert await site.queueing.mark(message, dry=False) == would
    assert sorted(would) == [
        ("accused", "counter_notice_requested"),
        ("complainant", "counter_notice_requested"),
        ("complainant", "counter_notice_requested"),
    ]
    marked = await site.mails(message)
    assert {await site.suppressed(mail) for mail in marked} == {"replay"}
    await site.queueing.on_message(message)  # the reaction comes by later, and finds it told
    assert await site.mails(message) == marked
    assert await site.queueing.mark(message, dry=False) == []


async def test_no_complainant_is_named_to_the_accused(site: Site) -> None:
    complaints = await a_case(site)
    message = await site.happen(ASKED)
    await site.queueing.on_message(message)
    (to_accused,) = (mail for mail in await site.mails(message) if mail.audience == "accused")
    said = to_accused.model_dump_json()
    for complaint in complaints:
        person = complaint.complainant
        for secret in (person.name, person.email, complaint.complaint_id, complaint.number, LINK):
            assert secret not in said


async def test_a_message_delivered_again_queues_nothing_more(site: Site) -> None:
    await a_case(site)
    message = await site.happen(ASKED)
    await site.queueing.on_message(message)
    first = await site.mails(message)
    await site.queueing.on_message(message)
    assert await site.mails(message) == first
    assert len(first) == 3


async def test_a_message_read_late_is_told_as_things_stood_then(site: Site) -> None:
    await a_case(site)
    message = await site.happen(ASKED)
    late = filed(IVAN, name=new_id())
    await site.file(late)
    joining = await site.happen(joined(late))
    await site.queueing.on_message(message)
    assert late.complaint_id not in [mail.complaint_id for mail in await site.mails(message)]
    await site.queueing.on_message(joining)
    (mail,) = await site.mails(joining)
    assert (mail.complaint_id, mail.template) == (late.complaint_id, "admitted")


async def test_complainants_are_told_although_the_directory_is_away(site: Site) -> None:
    await a_case(site)
    message = await site.happen(ASKED)
    async with aclosing(Marketplace(f"http://{HOST}:{free_ports(['away'])['away']}")) as away:
        with pytest.raises(Unavailable):
            await site.queueing_with(away).on_message(message)
    assert {mail.audience for mail in await site.mails(message)} == {"complainant"}

    await site.queueing.on_message(message)
    assert len(await site.mails(message)) == 3


async def test_an_accused_whom_nobody_knows_is_a_dead_letter_and_not_a_silence(site: Site) -> None:
    complaint = filed(IVAN, name=new_id())
    await site.file(complaint)
    await site.happen(opened(accused="nobody-of-that-name"), joined(complaint), ADMITTED)
    message = await site.happen(ASKED)
    with pytest.raises(NobodyThere):
        await site.queueing.on_message(message)
    assert to(await site.mails(message)) == [
        ("complainant", IVAN.email, "counter_notice_requested")
    ]


async def test_a_case_of_many_complaints_tells_each_of_them(site: Site) -> None:
    people = (IVAN.model_copy(update={"id": f"ivan-{each}"}) for each in range(150))
    complaints = [filed(person, name=new_id()) for person in people]
    for complaint in complaints:
        await site.file(complaint)
    await site.happen(opened(), *(joined(complaint) for complaint in complaints), ADMITTED)
    message = await site.happen(DECIDED)
    await site.queueing.on_message(message)
    mails = await site.mails(message)
    assert [mail.complaint_id for mail in mails[:-1]] == [c.complaint_id for c in complaints]
