"""Sending mails against a real SMTP server and a real log: the ledger ends right each time."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.codec import Message
from contracts.envelope import Aggregate, Meta
from contracts.ids import new_id
from contracts.mail import MailBounced, MailDeferred, MailFact, MailQueued, MailSent
from deploy.ports import HOST
from deploy.topology import Topology
from services.notifier.composing import compose
from services.notifier.rendering import Links, render
from services.notifier.sending import Sending
from services.notifier.settings import Settings
from services.notifier.smtp import Smtp
from services.notifier.so_far import CaseSoFar
from services.runtime.bus import Bus
from services.runtime.events import EventStore
from services.runtime.reactions import RetryLater
from tests.scripted_smtp import DROP, Script, Server, only, self_signed, smtp_server
from tests.telling import NOON, filed, mails

pytestmark = [
    pytest.mark.anyio,
    # The server of these tests listens to this machine only.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    data: Path = tmp_path_factory.mktemp("data")
    with Topology(data, only=["streams"]) as topology:
        yield topology


class Bench:
    """The sending half of the notifier, between a real log and a scripted SMTP server."""

    def __init__(self, store: EventStore, settings: Settings) -> None:
        self.now = NOON
        self.store = store
        links = Links("https://market.example", lambda *_: "token")
        self.transport = Smtp(settings)
        self.sending = Sending(
            store,
            self.transport,
            lambda mail: compose(mail, render(mail, links, brand="Desk"), settings.sender),
            clock=lambda: self.now,
        )

    async def queued(self, **changed: Any) -> Message:
        """A mail that stands in the log, as the consumer delivers it."""
        (mail,) = mails(filed(), CaseSoFar(), filed())
        mail = MailQueued.model_validate(mail.model_dump() | {"mail_id": new_id()} | changed)
        aggregate = Aggregate(kind="mail", id=mail.mail_id)
        meta = Meta(id=mail.mail_id, time=NOON, actor="service:notifier", correlation="test")
        await self.store.append(aggregate, [mail], expected=0, meta=meta)
        (message,) = (await self.store.read(aggregate)).messages
        return message

    async def deliver(self, message: Message) -> timedelta | None:
        """Hands the message to the reaction; returns when it wants to have it again, if it does."""
        try:
            await self.sending.on_message(message)
        except RetryLater as later:
            return timedelta(seconds=later.seconds)
        return None

    async def history(self, message: Message) -> list[MailFact]:
        aggregate = Aggregate(kind="mail", id=message.subject.rsplit(".", 1)[1])
        facts = (await self.store.read(aggregate)).facts
        assert isinstance(facts[0], MailQueued)
        return [fact for fact in facts[1:] if isinstance(fact, MailFact)]


def settings_of(broker: Topology, server: Server, **changed: Any) -> Settings:
    given = {
        "nats_url": f"nats://{HOST}:{broker.site.ports['nats']}",
        "nats_user": "notifier",
        "nats_password": broker.site.secrets.nats["notifier"],
        "database_url": "sqlite+aiosqlite://",
        "secret_key": "0" * 32,
        "smtp_host": HOST,
        "smtp_port": server.port,
        "smtp_timeout": 5.0,
        "smtp_data_timeout": 5.0,
    }
    return Settings.model_validate(given | changed)


@pytest.fixture
async def script() -> Script:
    return Script()


@pytest.fixture
async def server(script: Script) -> AsyncIterator[Server]:
    async with smtp_server(script, enable_SMTPUTF8=True) as server:
        yield server


@pytest.fixture
async def bench(broker: Topology, server: Server) -> AsyncIterator[Bench]:
    async with opened(broker, server) as bench:
        yield bench


class opened:  # noqa: N801
    """A bench as a context, closed again with its connections."""

    def __init__(self, broker: Topology, server: Server, **changed: Any) -> None:
        self._settings = settings_of(broker, server, **changed)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Bench:
        bus = Bus(self._settings)
        await bus.connect()
        self._stack.push_async_callback(bus.close)
        bench = Bench(EventStore(bus, source="notifier"), self._settings)
        self._stack.push_async_callback(bench.transport.close)
        return bench

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()


def kinds(facts: list[MailFact]) -> list[str]:
    return [fact.type for fact in facts]


async def test_a_queued_mail_is_sent_and_written_down(bench: Bench, script: Script) -> None:
    message = await bench.queued()
    assert await bench.deliver(message) is None
    (sent,) = await bench.history(message)
    assert isinstance(sent, MailSent)
    assert script.taken == [sent.message_id]
    assert script.recipients == ["ivan@example.org"]
    assert (sent.attempt, sent.reply, sent.at) == (1, "250 taken", NOON)


async def test_a_fact_delivered_again_mails_nobody_twice(bench: Bench, script: Script) -> None:
    message = await bench.queued()
    for _ in range(3):
        assert await bench.deliver(message) is None
    assert len(script.taken) == 1
    assert kinds(await bench.history(message)) == ["MailSent"]


async def test_451_is_tried_again_when_its_time_has_come(bench: Bench, script: Script) -> None:
    script.to_data.extend(["451 4.7.1 greylisted", "451 4.7.1 still"])
    message = await bench.queued()
    for attempt in (1, 2):
        wait = await bench.deliver(message)
        assert wait
        last = (await bench.history(message))[-1]
        assert isinstance(last, MailDeferred)
        assert (last.attempt, last.retry_at) == (attempt, bench.now + wait)
        assert last.reason.startswith("451")
        # Delivered too early, it is not tried.
        assert await bench.deliver(message) == wait
        bench.now += wait
    assert await bench.deliver(message) is None
    assert kinds(await bench.history(message)) == ["MailDeferred", "MailDeferred", "MailSent"]
    assert (len(script.refused), len(script.taken)) == (2, 1)


@pytest.mark.parametrize("at", ["to_data", "to_recipients"])
async def test_550_ends_it_at_once(bench: Bench, script: Script, at: str) -> None:
    getattr(script, at).append("550 5.1.1 no such user")
    message = await bench.queued()
    assert await bench.deliver(message) is None
    assert await bench.deliver(message) is None
    (bounced,) = await bench.history(message)
    assert isinstance(bounced, MailBounced)
    assert bounced.reason == "550 5.1.1 no such user"
    assert not script.taken


async def test_a_refused_mail_leaves_the_session_fit_for_the_next(
    bench: Bench, script: Script
) -> None:
    script.to_recipients.append("550 5.1.1 no such user")
    first, second = await bench.queued(), await bench.queued()
    await bench.deliver(first)
    await bench.deliver(second)
    assert kinds(await bench.history(second)) == ["MailSent"]
    assert script.sessions == 1


async def test_a_connection_cut_after_the_dot_is_a_double_with_the_same_message_id(
    bench: Bench, script: Script
) -> None:
    script.to_data.append(DROP)
    message = await bench.queued()
    wait = await bench.deliver(message)
    assert wait
    bench.now += wait
    assert await bench.deliver(message) is None
    assert kinds(await bench.history(message)) == ["MailDeferred", "MailSent"]
    assert len(script.taken) == 2
    assert len(set(script.taken)) == 1
    assert script.contents[0] == script.contents[1]


async def test_a_server_that_is_down_delays_mails_and_floods_nothing(
    bench: Bench, script: Script, server: Server
) -> None:
    await server.down()
    messages = [await bench.queued() for _ in range(3)]
    waits = [await bench.deliver(message) for message in messages]
    assert all(waits)
    for _ in range(50):  # the best part of an hour
        bench.now += timedelta(minutes=1)
        for message in messages:
            assert await bench.deliver(message)
    told = [kinds(await bench.history(message)) for message in messages]
    assert sorted(told) in ([[], [], ["MailDeferred"]], [["MailDeferred"]] * 3)

    await server.up()
    for _ in range(2):
        bench.now += timedelta(minutes=1)
        for message in messages:
            await bench.deliver(message)
    for message in messages:
        assert kinds(await bench.history(message))[-1] == "MailSent"
    assert len(script.taken) == 3


async def test_after_one_failed_probe_the_others_do_not_try(
    bench: Bench, script: Script, server: Server
) -> None:
    await server.down()
    first, second = await bench.queued(), await bench.queued()
    assert await bench.deliver(first)
    await server.up()
    assert await bench.deliver(second) == timedelta(seconds=1)
    assert script.sessions == 0
    assert await bench.history(second) == []


async def test_sessions_are_kept_and_one_closed_by_the_server_costs_nothing(
    bench: Bench, script: Script, server: Server
) -> None:
    for _ in range(5):
        await bench.deliver(await bench.queued())
    assert script.sessions == 1
    server.cut()
    message = await bench.queued()
    assert await bench.deliver(message) is None
    assert kinds(await bench.history(message)) == ["MailSent"]
    assert script.sessions == 2


async def test_as_many_sessions_as_letters_at_once(bench: Bench, script: Script) -> None:
    messages = [await bench.queued() for _ in range(20)]
    for four in range(0, 20, 4):
        await asyncio.gather(*(bench.deliver(each) for each in messages[four : four + 4]))
    assert len(script.taken) == 20
    assert script.sessions == 4


async def test_a_server_that_does_not_let_us_in_bounces_nobodys_mail(
    broker: Topology, script: Script
) -> None:
    wrong = {"smtp_user": "redress", "smtp_password": "wrong"}
    async with (
        smtp_server(
            script,
            auth_required=True,
            auth_require_tls=False,
            authenticator=only("redress", "right"),
        ) as server,
        opened(broker, server, **wrong) as bench,
    ):
        message = await bench.queued()
        assert await bench.deliver(message)
        (deferred,) = await bench.history(message)
        assert isinstance(deferred, MailDeferred)
        assert "535" in deferred.reason or "Authentication" in deferred.reason


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_over_tls_with_a_password(
    broker: Topology, script: Script, tmp_path: Path, tls: str
) -> None:
    certificate = self_signed(tmp_path, HOST)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    options: dict[str, Any] = (
        {"tls_context": context}
        if tls == "starttls"
        else {
            "ssl": context,
            "auth_require_tls": False,  # aiosmtpd does not see that it speaks under TLS already
        }
    )
    login = {"smtp_user": "redress", "smtp_password": "right"}
    async with smtp_server(
        script, auth_required=True, authenticator=only("redress", "right"), **options
    ) as server:
        trusting = {**login, "smtp_tls": tls, "smtp_ca": certificate}
        async with opened(broker, server, **trusting) as bench:
            message = await bench.queued()
            assert await bench.deliver(message) is None
            assert kinds(await bench.history(message)) == ["MailSent"]
        async with opened(broker, server, **login, smtp_tls=tls) as bench:
            message = await bench.queued()
            assert await bench.deliver(message)
            (deferred,) = await bench.history(message)
            assert isinstance(deferred, MailDeferred)
            assert "certificate" in deferred.reason.lower()
    assert len(script.taken) == 1


async def test_a_server_that_hangs_is_given_up_and_tried_again(
    broker: Topology, script: Script, server: Server
) -> None:
    forever = asyncio.Event()
    script.before_answer = forever.wait
    async with opened(broker, server, smtp_data_timeout=0.3) as bench:
        message = await bench.queued()
        wait = await bench.deliver(message)
        assert wait
        script.before_answer = None
        forever.set()
        bench.now += wait
        assert await bench.deliver(message) is None
        assert kinds(await bench.history(message)) == ["MailDeferred", "MailSent"]


async def test_a_mail_that_is_being_sent_is_not_begun_again(bench: Bench, script: Script) -> None:
    at_the_dot, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        at_the_dot.set()
        await go_on.wait()

    script.before_answer = slowly
    message = await bench.queued()
    first = asyncio.create_task(bench.deliver(message))
    await at_the_dot.wait()
    assert await bench.deliver(message)  # the broker lost patience; come again later
    go_on.set()
    assert await first is None
    assert len(script.taken) == 1


@pytest.mark.parametrize("patience", [0.3, 20.0])
async def test_the_answer_outlives_a_death_of_the_log(
    broker: Topology,
    bench: Bench,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    patience: float,
) -> None:
    monkeypatch.setattr("services.runtime.events.PATIENCE_SECONDS", patience)

    dead = asyncio.Event()

    async def die() -> None:
        await asyncio.to_thread(broker.kill, "nats")
        dead.set()

    script.before_answer = die
    message = await bench.queued()
    delivery = asyncio.create_task(bench.deliver(message))
    await dead.wait()
    await asyncio.to_thread(broker.restart, "nats")
    assert await delivery is None
    script.before_answer = None
    assert await bench.deliver(message) is None
    assert kinds(await bench.history(message)) == ["MailSent"]
    assert len(script.taken) == 1


async def test_an_international_address_reaches_a_server_that_takes_it(
    bench: Bench, script: Script
) -> None:
    message = await bench.queued(to_address="иван@example.org")
    assert await bench.deliver(message) is None
    assert kinds(await bench.history(message)) == ["MailSent"]
    assert script.recipients == ["иван@example.org"]


async def test_an_international_address_bounces_where_it_cannot_go(
    broker: Topology, script: Script
) -> None:
    async with smtp_server(script) as server, opened(broker, server) as bench:
        message, plain = await bench.queued(to_address="иван@example.org"), await bench.queued()
        assert await bench.deliver(message) is None
        (bounced,) = await bench.history(message)
        assert isinstance(bounced, MailBounced)
        # Said by us: the server was not asked, it does not know what it would be asked.
        assert bounced.reason == "The server takes no international addresses (SMTPUTF8)."
        assert await bench.deliver(plain) is None
        assert script.sessions == 1


async def test_what_is_no_address_bounces_without_asking_the_server(
    bench: Bench, script: Script
) -> None:
    message = await bench.queued(to_address="ivan@example.org\r\nRCPT TO:<all@example.org>")
    assert await bench.deliver(message) is None
    assert kinds(await bench.history(message)) == ["MailBounced"]
    assert script.sessions == 0
