"""Sockets that are cut, replicas that go, clients that do not read: nothing is lost or doubled."""

import asyncio
from functools import partial

import pytest

from contracts.operator import SlotFreed, SlotReserved
from services.chat import operators
from services.chat.commands import operator_aggregate
from services.runtime.auth import Principal
from tests.chat_house import IVAN, PAVEL, House, Replica, operator
from tests.servers import NatsServer
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


async def test_a_socket_that_is_cut_goes_on_at_another_replica_without_loss_or_doubles(
    home: House,
) -> None:
    async with home.replica() as one, home.replica() as other:
        await one.on_shift(PAVEL)
        chat_id = (await one.begin(IVAN))["chat_id"]
        await one.accept(PAVEL)
        said = [f"sentence {number}" for number in range(60)]
        seen: list[tuple[int, str]] = []

        async def operator_speaks() -> None:
            for text in said:
                await other.say_as_staff(chat_id, PAVEL, text)

        speaking = asyncio.create_task(operator_speaks())
        after = 0
        while len(seen) < len(said):
            replica = one if len(seen) % 2 else other
            async with replica.socket(f"/{chat_id}/socket", IVAN, after=after) as socket:
                await socket.frame("history")
                target = min(len(said), len(seen) + 7)
                await eventually(lambda: len(seen) + len(socket.texts()) >= target)  # noqa: B023
                got = [
                    (event["seq"], event["text"])
                    for event in socket.events()
                    if event["type"] == "message"
                ]
                seen += got
                after = max(frame.get("seq", 0) for frame in socket.frames)
                socket.drop()
        await speaking
        assert [text for _, text in seen] == said


async def test_a_customer_sends_until_it_is_acknowledged_over_cuts_and_it_is_stored_once(
    home: House,
) -> None:
    async with home.replica() as one, home.replica() as other:
        chat_id = (await one.begin(IVAN))["chat_id"]
        for number in range(20):
            for replica in (one, other):  # the first never hears that it arrived
                async with replica.socket(f"/{chat_id}/socket", IVAN) as socket:
                    await socket.send(t="post", id=f"m-{number}", text=f"sentence {number}")
                    if replica is one and number % 2:
                        socket.drop()
                        continue
                    await socket.frame("ack")
        texts = [
            fact.text
            for message in await home.messages(chat_id)
            for fact in message.facts
            if fact.type == "MessagePosted"
        ]
        assert texts == [f"sentence {number}" for number in range(20)]


async def test_an_event_stream_goes_on_where_the_last_one_ended(home: House) -> None:
    async with home.replica() as chat:
        chat_id = (await chat.begin(IVAN))["chat_id"]
        await chat.say(chat_id, IVAN, "one")
        first = await _events(chat, chat_id, until="one")
        await chat.say(chat_id, IVAN, "two")
        second = await _events(chat, chat_id, until="two", **{"Last-Event-ID": first["id"]})
        assert '"one"' in first["data"]
        assert '"one"' not in second["data"]


async def _events(chat: Replica, chat_id: str, *, until: str, **headers: str) -> dict[str, str]:
    found = {"id": "", "data": ""}
    async with chat.http.stream(
        "GET", f"/api/v1/chats/{chat_id}/events", headers=chat.headers(IVAN) | headers
    ) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("id: "):
                found["id"] = line.removeprefix("id: ")
            found["data"] += line
            if f'"{until}"' in line:
                return found
    raise AssertionError("the stream ended")


async def test_a_message_survives_a_restart_of_the_log_while_people_talk(
    home: House, nats: NatsServer
) -> None:
    async with home.replica() as chat:
        await chat.on_shift(PAVEL)
        chat_id = (await chat.begin(IVAN))["chat_id"]
        await chat.accept(PAVEL)
        async with chat.socket(f"/{chat_id}/socket", IVAN) as customer:
            await chat.say_as_staff(chat_id, PAVEL, "before")
            nats.kill()
            nats.start()
            await chat.say_as_staff(chat_id, PAVEL, "after")
            async with asyncio.timeout(30):
                while customer.texts() != ["before", "after"]:
                    await customer.send(t="ping")
                    await asyncio.sleep(0.2)


async def test_a_customer_who_is_silent_gives_up_nothing_for_five_minutes(home: House) -> None:
    """Away for a minute, back at the old place; away for longer, out of the queue."""
    async with home.replica() as chat:
        begun = await chat.begin(IVAN)
        chat_id = begun["chat_id"]
        home.move(seconds=90)
        await eventually(lambda: _has(home, chat_id, "ParticipantLeft"), timeout=20)
        async with chat.socket(f"/{chat_id}/socket", IVAN) as socket:
            await socket.send(t="ping")
            await socket.event("back")
        await chat.on_shift(PAVEL)
        assert await chat.offered(PAVEL) == chat_id


async def _has(home: House, chat_id: str, fact: str) -> bool:
    return fact in await home.facts(chat_id)


async def test_an_offer_that_nobody_answers_goes_back_and_two_set_the_operator_away(
    home: House,
) -> None:
    async with home.replica() as chat:
        await chat.on_shift(PAVEL, capacity=1)
        begun = [(await chat.begin(name=f"guest {n}"))["chat_id"] for n in range(2)]
        for missed in (1, 2):
            await chat.offered(PAVEL)
            home.move(seconds=21)
            await chat.call("POST", "/desk/heartbeat", PAVEL)
            chat.app.state.wake()
            await eventually(partial(_missed, home, begun, missed))
        await eventually(lambda: _away(chat), timeout=20)


async def _missed(home: House, chats: list[str], count: int) -> bool:
    return sum([(await home.facts(each)).count("OfferMissed") for each in chats]) >= count


async def _away(chat: Replica) -> bool:
    return bool((await chat.desk(PAVEL))["operator"]["away"] == "missed_offers")


async def test_two_replicas_that_come_and_go_never_give_a_chat_to_two_nor_overfill_one(
    home: House,
) -> None:
    people = [operator(f"op-{number}") for number in range(4)]
    members = [Principal("member", f"buyer-{number}") for number in range(24)]

    async def works(chat: Replica, person: Principal) -> None:
        while True:
            for offer in (await chat.desk(person))["offers"]:
                path = f"/desk/chats/{offer['chat_id']}"
                answer = await chat.http.post(
                    f"/api/v1/chats{path}/accept", headers=chat.headers(person), json={}
                )
                if answer.status_code != 409:
                    await chat.call("POST", f"{path}/end", person, {})
                    await chat.call("POST", f"{path}/wrap-up", person, {"code": "x"})
            await asyncio.sleep(0.05)

    over = asyncio.Event()

    async def comes_and_goes() -> None:
        # Not cancelled: a connection that is just being made may not notice.
        while not over.is_set():
            async with home.replica():
                await asyncio.sleep(0.5)

    async with home.replica() as steady:
        for person in people:
            await steady.on_shift(person, capacity=2)
        busy = [asyncio.create_task(works(steady, person)) for person in people]
        other = asyncio.create_task(comes_and_goes())
        try:
            begun = [(await steady.begin(member))["chat_id"] for member in members]
            for chat_id in begun:
                await eventually(partial(_has, home, chat_id, "WrapUpCompleted"), timeout=40)
        finally:
            over.set()
            for task in busy:
                task.cancel()
            await asyncio.gather(*busy, other, return_exceptions=True)
    for chat_id in begun:
        assert (await home.facts(chat_id)).count("ChatConnected") == 1
    for person in people:
        await _never_overfilled(home, person.id)


async def _never_overfilled(home: House, operator_id: str) -> None:
    state, held = operators.NEW_OPERATOR, set()
    for fact in (await home.events.read(operator_aggregate(operator_id))).facts:
        state = operators.evolve(state, fact)  # type: ignore[arg-type]
        match fact:
            case SlotReserved():
                held.add(fact.chat_id)
            case SlotFreed():
                held.discard(fact.chat_id)
        assert len(held) <= state.capacity
