"""Mails through a real Postfix: encrypted, signed in, refused, greylisted, away, returned."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from contracts.codec import Message
from contracts.mail import MailBounced, MailDeferred, MailSent
from deploy.ports import HOST, free_ports
from deploy.topology import Topology
from services.notifier.bounces import Bounces
from services.notifier.listening import Listener
from tests.bad_line import BadLine
from tests.integration.test_notifier_sending import Bench, kinds, opened
from tests.postfix import HANGS, HANGS_UP, PASSWORD, USER, Postfix, missing
from tests.scripted_smtp import Script, Server, self_signed
from tests.telling import NOON
from tests.waiting import eventually

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]

PORTS = free_ports(["lmtp", "next"])
REPORTS, NEXT = PORTS["lmtp"], PORTS["next"]
IN_THE_TEXT = 8_000
"""Bytes: more than opening a session and naming the readers takes, less than a letter."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    with Topology(tmp_path_factory.mktemp("data"), only=["streams"]) as topology:
        yield topology


@pytest.fixture(scope="module")
def postfix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postfix]:
    folder: Path = tmp_path_factory.mktemp("postfix")
    server = Postfix(self_signed(folder, HOST), reports_to=REPORTS, relays_to=NEXT)
    server.start()
    yield server
    server.remove()


def bench_at(
    broker: Topology, postfix: Postfix, *, port: int | None = None, **changed: Any
) -> opened:
    place = Server(Script())
    place.port = port or postfix.port
    given = {
        "smtp_tls": "starttls",
        "smtp_ca": postfix.certificate,
        "smtp_user": USER,
        "smtp_password": SecretStr(PASSWORD),
        "mail_from": "Desk <desk@market.example>",
        "mail_bounces": "bounces@market.example",
    }
    return opened(broker, place, **given | changed)


def copies(postfix: Postfix, message: Message) -> list[bytes]:
    """The mail as often as it arrived, each without what Postfix wrote above it."""
    mail_id = message.subject.rsplit(".", 1)[1].encode()
    return [raw[raw.index(b"\nFrom: ") :] for raw in postfix.received() if b"<" + mail_id in raw]


@pytest.fixture
async def bench(broker: Topology, postfix: Postfix) -> AsyncIterator[Bench]:
    async with bench_at(broker, postfix) as bench:
        yield bench


async def test_a_mail_arrives_over_tls_as_it_was_composed(bench: Bench, postfix: Postfix) -> None:
    message = await bench.queued(to_address="reader@example.org", to_name="Иван 'ё' \u202e<b>")
    assert await bench.deliver(message) is None
    (sent,) = await bench.history(message)
    assert isinstance(sent, MailSent)

    async def arrived() -> bool:
        found = [message_from_bytes(raw) for raw in postfix.received()]
        mails = [mail for mail in found if mail["Message-ID"] == sent.message_id]
        return bool(mails) and "with ESMTPSA" in mails[0]["Received"]

    await eventually(arrived)


async def test_a_name_before_the_at_in_any_script_reaches_a_server_that_takes_it(
    bench: Bench,
) -> None:
    message = await bench.queued(to_address="иван@example.org")
    assert await bench.deliver(message) is None
    assert kinds(await bench.history(message)) == ["MailSent"]


async def test_a_wrong_password_bounces_nobodys_mail(broker: Topology, postfix: Postfix) -> None:
    async with bench_at(broker, postfix, smtp_password=SecretStr("wrong")) as bench:
        message = await bench.queued(to_address="reader@example.org")
        assert await bench.deliver(message)
        (deferred,) = await bench.history(message)
        assert isinstance(deferred, MailDeferred)
        assert "535" in deferred.reason


async def test_refusals_for_good_and_for_now(bench: Bench, postfix: Postfix) -> None:
    postfix.refuses(
        nobody="550 5.1.1 no such user", spam="554 5.7.1 not wanted", later="451 4.3.0 later"
    )
    for name, ended in (("nobody", "550"), ("spam", "554")):
        message = await bench.queued(to_address=f"{name}@example.org")
        assert await bench.deliver(message) is None
        (bounced,) = await bench.history(message)
        assert isinstance(bounced, MailBounced)
        assert ended in bounced.reason
    message = await bench.queued(to_address="later@example.org")
    assert await bench.deliver(message)
    (deferred,) = await bench.history(message)
    assert isinstance(deferred, MailDeferred)
    assert "451" in deferred.reason
    bench.now = NOON + timedelta(days=4)
    assert await bench.deliver(message) is None
    (_, given_up) = await bench.history(message)
    assert isinstance(given_up, MailBounced)
    assert given_up.how == "given_up"


async def test_a_greylisted_mail_goes_through_at_its_next_try(
    bench: Bench, postfix: Postfix
) -> None:
    postfix.refuses(grey="450 4.2.0 greylisted, come back")
    message = await bench.queued(to_address="grey@example.org")
    pause = await bench.deliver(message)
    assert pause
    postfix.refuses()
    bench.now += pause
    await bench.transport.close()  # the session knows the old table still
    assert await bench.deliver(message) is None
    assert kinds(await bench.history(message)) == ["MailDeferred", "MailSent"]


async def test_a_server_that_hangs_in_mid_data_gets_the_same_mail_again(
    broker: Topology, postfix: Postfix
) -> None:
    async with bench_at(broker, postfix, smtp_data_timeout=0.5) as hasty:
        message = await hasty.queued(to_address=HANGS)
        assert await hasty.deliver(message)
        assert kinds(await hasty.history(message)) == ["MailDeferred"]
    async with bench_at(broker, postfix) as patient:
        patient.now = NOON + timedelta(minutes=1)
        assert await patient.deliver(message) is None
        sent = (await patient.history(message))[-1]
        assert isinstance(sent, MailSent)

    def arrived() -> bool:
        found = {message_from_bytes(raw)["Message-ID"] for raw in postfix.received()}
        return sent.message_id in found

    await eventually(arrived)


async def test_a_server_that_hangs_up_after_the_dot_is_tried_again(bench: Bench) -> None:
    message = await bench.queued(to_address=HANGS_UP)
    assert await bench.deliver(message)
    (deferred,) = await bench.history(message)
    assert isinstance(deferred, MailDeferred)
    assert "421" in deferred.reason
    other = await bench.queued(to_address="reader@example.org")
    bench.now = NOON + timedelta(minutes=1)
    assert await bench.deliver(other) is None  # on a session of its own


async def test_a_line_that_goes_dead_in_mid_data_leaves_no_half_mail_and_no_double(
    broker: Topology, postfix: Postfix
) -> None:
    async with BadLine(postfix.port) as line:
        line.dead_after = IN_THE_TEXT
        async with bench_at(broker, postfix, port=line.port, smtp_data_timeout=0.5) as bench:
            message = await bench.queued(to_address="reader@example.org")
            pause = await bench.deliver(message)
            assert pause
            line.dead_after = None
            bench.now += pause
            assert await bench.deliver(message) is None
            assert kinds(await bench.history(message)) == ["MailDeferred", "MailSent"]
            await eventually(lambda: len(copies(postfix, message)) == 1)


async def test_a_line_that_breaks_after_the_dot_makes_the_same_mail_twice(
    broker: Topology, postfix: Postfix
) -> None:
    async with BadLine(postfix.port) as line:
        line.cut_after = IN_THE_TEXT
        async with bench_at(broker, postfix, port=line.port) as bench:
            message = await bench.queued(to_address="reader@example.org")
            pause = await bench.deliver(message)
            assert pause
            line.cut_after = None
            bench.now += pause
            assert await bench.deliver(message) is None
            assert kinds(await bench.history(message)) == ["MailDeferred", "MailSent"]
            await eventually(lambda: len(copies(postfix, message)) == 2)
            first, second = copies(postfix, message)
            assert first == second


async def test_a_server_that_is_down_for_an_hour_gets_every_mail_once(
    bench: Bench, postfix: Postfix
) -> None:
    await bench.transport.close()
    await asyncio.to_thread(postfix.stop)
    messages = [await bench.queued(to_address=f"hour{each}@example.org") for each in range(5)]
    try:
        for minutes in range(0, 60, 10):
            bench.now = NOON + timedelta(minutes=minutes)
            for message in messages:
                assert await bench.deliver(message)
    finally:
        await asyncio.to_thread(postfix.start)
    bench.now = NOON + timedelta(hours=2)
    for message in messages:
        assert await bench.deliver(message) is None
        history = kinds(await bench.history(message))
        assert history[-1] == "MailSent"
        assert history.count("MailDeferred") <= 1  # one fact says that the server is away


async def test_a_mail_that_was_accepted_and_returned_is_known_by_its_report(
    bench: Bench, postfix: Postfix
) -> None:
    listener = Listener(Bounces(bench.store, clock=lambda: bench.now), HOST, REPORTS)
    await listener.start()
    script = Script()
    script.to_recipients.append("550 5.1.1 no such user here")
    other = Server(script)
    other.port = NEXT
    await other.up()
    try:
        message = await bench.queued(to_address="somebody@gone.example")
        assert await bench.deliver(message) is None

        async def returned() -> bool:
            return kinds(await bench.history(message)) == ["MailSent", "MailBounced"]

        await eventually(returned)
        bounced = (await bench.history(message))[-1]
        assert isinstance(bounced, MailBounced)
        assert (bounced.how, "5.1.1" in bounced.reason) == ("report", True)
    finally:
        await other.down()
        await listener.stop()
