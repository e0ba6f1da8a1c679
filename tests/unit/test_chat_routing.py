"""Routing, whatever happens in whatever order: two replicas that lag, crash between steps and plan
at once, on a log that only the guards keep in order."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from contracts.chat import ChatQueued, Visitor
from contracts.ids import derived_id
from services.chat import decider, operators, state
from services.chat.operators import NEW_OPERATOR, Operator
from services.chat.refusals import NotInThisPhase, OfferGone
from services.chat.routing import (
    BOOST,
    Free,
    GiveUpTransfer,
    Miss,
    Offer,
    Reserve,
    Step,
    Take,
    order_key,
    plan,
    standings,
)
from services.chat.state import NEW_CHAT, Chat, Phase

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LANGUAGES = ("en", "ru", "ar")


def everybody(_operator_id: str) -> bool:
    return True


class Log:
    """Messages in one order; a command is decided on its aggregate's whole history."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, tuple[Any, ...]]] = []
        self.commands: set[tuple[str, str]] = set()

    def state_of(self, kind: str, identifier: str) -> Any:
        found: Any = NEW_CHAT if kind == "chat" else NEW_OPERATOR
        evolve: Any = state.evolve if kind == "chat" else operators.evolve
        for each_kind, each_id, facts in self.entries:
            if (each_kind, each_id) == (kind, identifier):
                for fact in facts:
                    found = evolve(found, fact)
        return found

    def handle(
        self,
        kind: str,
        identifier: str,
        decide: Callable[[Any], Sequence[Any]],
        command: str | None = None,
    ) -> Any:
        if command and (identifier, command) in self.commands:
            return self.state_of(kind, identifier)
        facts = tuple(decide(self.state_of(kind, identifier)))
        if facts:
            self.entries.append((kind, identifier, facts))
            if command:
                self.commands.add((identifier, command))
        return self.state_of(kind, identifier)


class Replica:
    """A board that is some beginning of the log."""

    def __init__(self) -> None:
        self.chats: dict[str, Chat] = {}
        self.operators: dict[str, Operator] = {}
        self.position = 0

    def follow(self, log: Log, count: int) -> None:
        for kind, identifier, facts in log.entries[self.position : self.position + count]:
            self.position += 1
            for fact in facts:
                if kind == "chat":
                    chat = self.chats.get(identifier, NEW_CHAT)
                    self.chats[identifier] = state.evolve(chat, fact)
                else:
                    operator = self.operators.get(identifier, NEW_OPERATOR)
                    self.operators[identifier] = operators.evolve(operator, fact)


def take(log: Log, step: Step, now: datetime, *, torn: bool = False) -> None:
    """As the router takes it; `torn`, it dies between a reservation and its offer."""
    match step:
        case Reserve():
            held = log.handle(
                "operator",
                step.operator_id,
                lambda each: operators.reserve(
                    each, chat_id=step.chat_id, offer_id=step.offer_id, now=now
                ),
                derived_id("reserve", step.offer_id, step.operator_id),
            )
            slot = held.slot(step.chat_id)
            if slot is not None and slot.offer_id == step.offer_id and not torn:
                take(log, Offer(step.chat_id, step.operator_id, step.offer_id), now)
        case Offer():
            log.handle(
                "chat",
                step.chat_id,
                lambda chat: decider.offer(
                    chat, offer_id=step.offer_id, operator_id=step.operator_id, now=now
                ),
                derived_id("make", step.offer_id),
            )
        case Miss():
            log.handle(
                "chat",
                step.chat_id,
                lambda chat: decider.miss(chat, offer_id=step.offer_id, now=now),
            )
        case GiveUpTransfer():
            log.handle(
                "chat",
                step.chat_id,
                lambda chat: decider.give_up_transfer(chat, to_operator=step.operator_id, now=now),
            )
        case Take():
            log.handle(
                "operator",
                step.operator_id,
                lambda each: operators.take(
                    each, chat_id=step.chat_id, offer_id=step.offer_id, now=now
                ),
                derived_id("take", step.offer_id, step.operator_id),
            )
        case Free():
            log.handle(
                "operator",
                step.operator_id,
                lambda each: operators.free(
                    each,
                    chat_id=step.chat_id,
                    offer_id=step.offer_id,
                    reason=step.reason,
                    now=now,
                ),
                derived_id("free", step.offer_id, step.operator_id),
            )


class Routing(RuleBasedStateMachine):
    chats = Bundle("chats")
    people = Bundle("people")

    def __init__(self) -> None:
        super().__init__()
        self.log = Log()
        self.replicas = (Replica(), Replica())
        self.now = START
        self.made = 0

    def _chat(self, chat_id: str, decide: Callable[[Chat], Sequence[Any]]) -> None:
        with suppress(NotInThisPhase, OfferGone):
            self.log.handle("chat", chat_id, decide)

    @initialize(
        target=people,
        described=st.lists(
            st.tuples(st.sets(st.sampled_from(LANGUAGES), min_size=1), st.integers(1, 3)),
            min_size=1,
            max_size=4,
        ),
    )
    def operators_come(self, described: list[tuple[set[str], int]]) -> Any:
        names = [f"operator-{number}" for number in range(len(described))]
        for name, (languages, capacity) in zip(names, described, strict=True):
            self.log.handle(
                "operator",
                name,
                lambda each, name=name, languages=languages, capacity=capacity: [  # type: ignore[misc]
                    *operators.profile(
                        each,
                        operator_id=name,
                        name=name,
                        languages=sorted(languages),
                        skills=(),
                        capacity=capacity,
                        by="supervisor:s",
                        now=self.now,
                    ),
                    *operators.start_shift(each, now=self.now),
                ],
            )
        return multiple(*names)

    @rule(target=chats, language=st.sampled_from(LANGUAGES), kind=st.sampled_from(sorted(BOOST)))
    def somebody_queues(self, language: str, kind: Any) -> str:
        self.made += 1
        chat_id = f"chat-{self.made}"
        customer = Visitor(kind="anonymous", id=chat_id, language=language)
        self._chat(
            chat_id,
            lambda chat: [
                *decider.initiate(chat, chat_id=chat_id, customer=customer, page="", now=self.now),
                ChatQueued(language=language, queue_class=kind, at=self.now),
            ],
        )
        return chat_id

    @rule(seconds=st.integers(0, 25))
    def time_goes_by(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(which=st.integers(0, 1), count=st.integers(1, 12))
    def a_replica_follows(self, which: int, count: int) -> None:
        self.replicas[which].follow(self.log, count)

    @rule(which=st.integers(0, 1), steps=st.integers(0, 6), torn=st.booleans())
    def a_replica_plans_and_perhaps_dies_on_the_way(
        self, which: int, steps: int, torn: bool
    ) -> None:
        replica = self.replicas[which]
        for step in plan(replica.chats, replica.operators, present=everybody, now=self.now)[:steps]:
            take(self.log, step, self.now, torn=torn)

    @rule(chat_id=chats)
    def an_operator_answers(self, chat_id: str) -> None:
        hold = self.log.state_of("chat", chat_id).hold
        if hold is not None:
            self._chat(
                chat_id,
                lambda chat: decider.accept(
                    chat,
                    offer_id=hold.offer_id,
                    operator_id=hold.operator_id,
                    name="",
                    greeting="",
                    now=self.now,
                ),
            )

    @rule(chat_id=chats)
    def an_operator_declines(self, chat_id: str) -> None:
        hold = self.log.state_of("chat", chat_id).hold
        if hold is not None:
            self._chat(
                chat_id,
                lambda chat: decider.decline(
                    chat, offer_id=hold.offer_id, operator_id=hold.operator_id, now=self.now
                ),
            )

    @rule(chat_id=chats, to=people)
    def a_chat_is_transferred(self, chat_id: str, to: str) -> None:
        chat = self.log.state_of("chat", chat_id)
        if chat.operator_id != to:
            self._chat(
                chat_id,
                lambda each: decider.transfer(
                    each,
                    by=each.operator_id or "",
                    to_operator=to,
                    language=None,
                    skills=(),
                    reason="",
                    now=self.now,
                ),
            )

    @rule(chat_id=chats)
    def the_customer_goes_silent(self, chat_id: str) -> None:
        self._chat(chat_id, lambda chat: decider.went_silent(chat, now=self.now))

    @rule(chat_id=chats)
    def the_customer_comes_back(self, chat_id: str) -> None:
        self._chat(chat_id, lambda chat: decider.came_back(chat, now=self.now))

    @rule(chat_id=chats)
    def the_customer_calls_the_bot_and_then_a_person(self, chat_id: str) -> None:
        self._chat(chat_id, lambda chat: decider.engage_bot(chat, now=self.now))
        self._chat(chat_id, lambda chat: decider.queue(chat, language=chat.language, now=self.now))

    @rule(chat_id=chats)
    def the_chat_ends(self, chat_id: str) -> None:
        self._chat(chat_id, lambda chat: decider.end(chat, role="customer", by="x", now=self.now))

    @rule(chat_id=chats)
    def the_wrap_up_is_written(self, chat_id: str) -> None:
        self._chat(
            chat_id,
            lambda chat: decider.wrap_up(chat, by=chat.operator_id or "", code="x", now=self.now),
        )

    @rule(name=people)
    def an_operator_goes_away(self, name: str) -> None:
        self.log.handle(
            "operator", name, lambda each: operators.go_away(each, reason="chosen", now=self.now)
        )

    @rule(name=people)
    def an_operator_comes_back(self, name: str) -> None:
        self.log.handle("operator", name, lambda each: operators.come_back(each, now=self.now))

    def _all(self) -> Replica:
        whole = Replica()
        whole.follow(self.log, len(self.log.entries))
        return whole

    @invariant()
    def nobody_is_above_their_capacity(self) -> None:
        for operator in self._all().operators.values():
            assert len(operator.slots) <= operator.capacity

    @invariant()
    def who_has_a_chat_has_a_slot_for_it_and_its_language(self) -> None:
        whole = self._all()
        for chat in whole.chats.values():
            if chat.hold is not None:
                operator = whole.operators[chat.hold.operator_id]
                slot = operator.slot(chat.id)
                assert slot is not None
                assert slot.offer_id == chat.hold.offer_id
                asked_for = chat.transfer_from or chat.transfer_to
                assert asked_for or chat.language in operator.languages or chat.handed_over
        held = [chat.hold for chat in whole.chats.values() if chat.hold]
        assert len(held) == len({each.offer_id for each in held})

    def teardown(self) -> None:
        """In the end, with one replica that lives, nobody waits whom somebody could take."""
        for _ in range(100):
            whole = self._all()
            steps = plan(whole.chats, whole.operators, present=everybody, now=self.now)
            before = len(self.log.entries)
            for step in steps:
                take(self.log, step, self.now)
            if len(self.log.entries) == before:
                break
        else:
            raise AssertionError("planning never comes to rest")
        whole = self._all()
        for chat in whole.chats.values():
            if chat.phase is Phase.QUEUED and not chat.away_until and not chat.transfer_to:
                for operator in whole.operators.values():
                    able = operator.is_online and operator.covers(chat.language, chat.skills)
                    if able and operator.free > 0:
                        others = [
                            each
                            for each in whole.operators.values()
                            if each.is_online
                            and each.covers(chat.language, chat.skills)
                            and each.id not in chat.declined
                            and each.id != chat.transfer_from
                        ]
                        # Whoever declined is spared while somebody else may have time soon.
                        assert others, (chat, operator)
                        assert operator not in others, (chat, operator)
        for operator in whole.operators.values():
            for chat_id, slot in operator.slots:
                assert whole.chats[chat_id].hold == (slot.offer_id, operator.id)


TestRouting = Routing.TestCase
TestRouting.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@st.composite
def waiting_chats(draw: st.DrawFn) -> list[Chat]:
    count = draw(st.integers(0, 12))
    return [
        Chat(
            id=f"chat-{number}",
            phase=Phase.QUEUED,
            language=draw(st.sampled_from(LANGUAGES)),
            queue_class=draw(st.sampled_from(sorted(BOOST))),
            queued_at=START + timedelta(seconds=draw(st.integers(0, 300))),
            round=1,
        )
        for number in range(count)
    ]


@st.composite
def free_operators(draw: st.DrawFn) -> list[Operator]:
    return [
        Operator(
            id=f"operator-{number}",
            languages=tuple(draw(st.sets(st.sampled_from(LANGUAGES), min_size=1))),
            capacity=draw(st.integers(1, 3)),
            on_shift=True,
            idle_since=START - timedelta(seconds=draw(st.integers(0, 300))),
        )
        for number in range(draw(st.integers(0, 4)))
    ]


@given(waiting_chats(), free_operators())
def test_of_two_with_the_same_needs_the_earlier_is_served_first(
    waiting: list[Chat], people: list[Operator]
) -> None:
    chats = {chat.id: chat for chat in waiting}
    steps = plan(chats, {each.id: each for each in people}, present=everybody, now=START)
    served = {step.chat_id for step in steps if isinstance(step, Reserve)}
    for chat in waiting:
        if chat.id not in served:
            later = [
                other
                for other in waiting
                if other.language == chat.language and order_key(other) > order_key(chat)
            ]
            assert not any(other.id in served for other in later)


@given(waiting_chats(), free_operators())
def test_positions_are_told_in_the_order_in_which_chats_are_served(
    waiting: list[Chat], people: list[Operator]
) -> None:
    """R7."""
    found = standings(waiting, people, present=everybody)
    for language in LANGUAGES:
        pool = sorted((each for each in waiting if each.language == language), key=order_key)
        assert [found[each.id].position for each in pool] == list(range(1, len(pool) + 1))


@given(waiting_chats())
def test_a_boost_moves_nobody_forward_by_more_than_two_minutes(waiting: list[Chat]) -> None:
    for chat in waiting:
        assert chat.queued_at is not None
        assert timedelta(0) <= chat.queued_at - order_key(chat)[0] <= timedelta(seconds=120)


def test_nobody_is_offered_a_chat_who_is_not_heard_of() -> None:
    operator = Operator(id="a", languages=("en",), capacity=3, on_shift=True, idle_since=START)
    chat = Chat(id="c", phase=Phase.QUEUED, language="en", queued_at=START, round=1)
    silent = plan({"c": chat}, {"a": operator}, present=lambda _: False, now=START)
    assert silent == []
    heard = plan({"c": chat}, {"a": operator}, present=everybody, now=START)
    assert heard == [Reserve("c", "a", chat.next_offer)]


def test_the_last_operator_comes_first_then_the_least_loaded_then_the_longest_idle() -> None:
    def one(name: str, *, taken: int, idle: int) -> Operator:
        slots = tuple((f"{name}-{n}", operators.Slot("o", START)) for n in range(taken))
        return Operator(
            id=name,
            languages=("en",),
            capacity=4,
            on_shift=True,
            slots=slots,
            idle_since=START - timedelta(seconds=idle),
        )

    busy, idle, idler = (
        one("busy", taken=2, idle=900),
        one("idle", taken=1, idle=10),
        one("idler", taken=1, idle=20),
    )
    held = {
        chat_id: Chat(
            id=chat_id, phase=Phase.CONNECTED, hold=state.Hold("o", each.id), queued_at=START
        )
        for each in (busy, idle, idler)
        for chat_id, _ in each.slots
    }

    def chosen(people: list[Operator], preferred: str | None) -> str:
        chat = Chat(
            id="c",
            phase=Phase.QUEUED,
            language="en",
            queued_at=START,
            preferred=preferred,
        )
        steps = plan(
            {**held, "c": chat}, {each.id: each for each in people}, present=everybody, now=START
        )
        (reserved,) = [step for step in steps if isinstance(step, Reserve)]
        return reserved.operator_id

    assert chosen([busy, idle, idler], "busy") == "busy"
    assert chosen([busy, idle], None) == "idle"
    assert chosen([busy, idle, idler], None) == "idler"


def test_a_reservation_that_was_given_up_meanwhile_does_not_stand_in_the_way() -> None:
    """A replica dies after reserving, the customer is away while the slot is freed, and returns."""
    machine = Routing()
    machine.operators_come([({"en"}, 1)])
    chat_id = str(machine.somebody_queues("en", "normal"))

    def step_by_step(*, torn: bool = False) -> None:
        whole = machine._all()
        for step in plan(whole.chats, whole.operators, present=everybody, now=machine.now):
            take(machine.log, step, machine.now, torn=torn)

    step_by_step(torn=True)
    machine.the_customer_goes_silent(chat_id)
    step_by_step()
    assert machine._all().operators["operator-0"].slots == ()
    machine.the_customer_comes_back(chat_id)
    step_by_step()
    assert machine._all().chats[chat_id].phase is Phase.OFFERED
