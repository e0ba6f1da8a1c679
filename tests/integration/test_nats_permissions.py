"""The broker enforces who may say what: each service's user, tried on a real server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from nats.js.errors import APIError

from contracts.streams import DEAD_LETTERS, STREAMS, SUBJECTS_OF_WRITER, TIMERS
from deploy.broker import ADMIN, EVIDENCE, READS
from deploy.ports import HOST
from deploy.topology import Topology

pytestmark = pytest.mark.anyio

SERVICES = tuple(SUBJECTS_OF_WRITER)
FACTS = {
    "intake": ("complaint.01.aa", "response.01.aa"),
    "moderation": ("case.01.aa",),
    "notifier": ("mail.01.aa",),
    "chat": ("chat.01.aa", "operator.01.aa"),
}
OTHERS_FACTS = [
    (service, subject)
    for service in SERVICES
    for writer, subjects in FACTS.items()
    for subject in subjects
    if writer != service
]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    data: Path = tmp_path_factory.mktemp("data")
    with Topology(data, only=["streams"]) as topology:
        yield topology


@asynccontextmanager
async def user(broker: Topology, name: str | None) -> AsyncIterator[tuple[Client, list[str]]]:
    """A connection as a service's user, and what the server told it of violations."""
    violations: list[str] = []

    async def note(error: Exception) -> None:
        violations.append(str(error).lower())

    client = await nats.connect(
        f"nats://{HOST}:{broker.site.ports['nats']}",
        user=name,
        password=broker.site.secrets.nats[name] if name else None,
        error_cb=note,
        allow_reconnect=False,
    )
    try:
        yield client, violations
    finally:
        await client.close()


async def settled(client: Client) -> None:
    """Waits until the server has answered all that was sent before."""
    await client.flush()  # its PING may overtake what is still in the buffer
    await client.flush()


async def refused(broker: Topology, name: str, subject: str) -> bool:
    """Whether the server refuses to take a message on `subject` from this user."""
    async with user(broker, name) as (client, violations):
        await client.publish(subject, b"{}")
        await settled(client)
        return any(
            "permissions violation for publish" in each and subject.lower() in each
            for each in violations
        )


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_may_say_its_own_facts(broker: Topology, service: str) -> None:
    async with user(broker, service) as (client, violations):
        for subject in FACTS[service]:
            acknowledged = await client.jetstream().publish(subject, b"{}")
            assert acknowledged.seq > 0
        assert violations == []


@pytest.mark.parametrize(("service", "subject"), OTHERS_FACTS)
async def test_a_service_may_not_say_facts_of_another(
    broker: Topology, service: str, subject: str
) -> None:
    assert await refused(broker, service, subject)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("stream", [*(each.name for each in STREAMS), EVIDENCE])
async def test_a_service_may_not_change_or_delete_a_stream(
    broker: Topology, service: str, stream: str
) -> None:
    for verb in ("CREATE", "UPDATE", "DELETE", "SNAPSHOT", "RESTORE"):
        assert await refused(broker, service, f"$JS.API.STREAM.{verb}.{stream}")


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_takes_single_messages_out_of_no_log(
    broker: Topology, service: str
) -> None:
    """Only a timer that has fired, and a dead letter that was handed over once more."""
    passing = {DEAD_LETTERS.name} | ({TIMERS.name} if TIMERS in READS[service] else set())
    for stream in [*(each.name for each in STREAMS), EVIDENCE]:
        subject = f"$JS.API.STREAM.MSG.DELETE.{stream}"
        assert await refused(broker, service, subject) is (stream not in passing)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_may_not_purge_facts(broker: Topology, service: str) -> None:
    for stream in STREAMS:
        if stream.facts:
            assert await refused(broker, service, f"$JS.API.STREAM.PURGE.{stream.name}")


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_only_the_streams_it_has_business_with(
    broker: Topology, service: str
) -> None:
    own = {stream.name for stream in READS[service]}
    for stream in STREAMS:
        mine = stream.name in own
        looked_into = mine or stream is DEAD_LETTERS  # to list them, and hand them over once more
        assert (
            await refused(broker, service, f"$JS.API.DIRECT.GET.{stream.name}") is not looked_into
        )
        for subject in (
            f"$JS.API.CONSUMER.CREATE.{stream.name}.{service}-x",
            f"$JS.API.CONSUMER.MSG.NEXT.{stream.name}.{service}-x",
        ):
            assert await refused(broker, service, subject) is not mine


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_may_not_listen_beside_the_log(broker: Topology, service: str) -> None:
    async with user(broker, service) as (client, violations):
        for subject in (">", "complaint.>", "$JS.API.>", "$O.>"):
            await client.subscribe(subject)
        await settled(client)
        assert len([each for each in violations if "subscription" in each]) == 4


async def test_only_those_who_handle_evidence_may_touch_it(broker: Topology) -> None:
    assert not await refused(broker, "intake", "$O.EVIDENCE.C.x")
    assert not await refused(broker, "chat", "$O.EVIDENCE.C.x")
    assert await refused(broker, "moderation", "$O.EVIDENCE.C.x")
    assert await refused(broker, "notifier", "$O.EVIDENCE.C.x")
    assert not await refused(broker, "moderation", f"$JS.API.DIRECT.GET.{EVIDENCE}")
    assert await refused(broker, "notifier", f"$JS.API.DIRECT.GET.{EVIDENCE}")


async def test_dead_letters_are_laid_down_under_ones_own_name(broker: Topology) -> None:
    assert not await refused(broker, "notifier", "dead.notifier.sending")
    assert await refused(broker, "notifier", "dead.moderation.cases")


async def test_timers_are_set_under_ones_own_name(broker: Topology) -> None:
    assert not await refused(broker, "moderation", "timer.moderation.set.x")
    assert await refused(broker, "intake", "timer.moderation.set.x")
    assert await refused(broker, "moderation", "timer.notifier.set.x")


async def test_not_even_the_admin_may_delete_a_fact(broker: Topology) -> None:
    async with user(broker, ADMIN) as (client, _):
        jetstream = client.jetstream()
        stored = await jetstream.publish("mail.02.bb", b"{}")
        with pytest.raises(APIError, match="message delete not permitted"):
            await jetstream.delete_msg("MAIL", stored.seq)
        with pytest.raises(APIError, match="stream purge not permitted"):
            await jetstream.purge_stream("MAIL")


async def test_nobody_comes_in_without_a_password(broker: Topology) -> None:
    with pytest.raises((nats.errors.Error, asyncio.TimeoutError)):
        async with user(broker, None):
            pass
