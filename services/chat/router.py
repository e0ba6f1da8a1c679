"""Carries out what `routing` plans, on every change of the board, and looks after the silent."""

import asyncio
from typing import Final

import structlog

from contracts.ids import derived_id
from services.chat import decider, operators, routing
from services.chat.board import Board
from services.chat.commands import Commands
from services.chat.presence import CUSTOMER_PATIENCE, LOST, TELL_SECONDS, Presence
from services.chat.routing import Free, GiveUpTransfer, Miss, Offer, Reserve, Step, Take
from services.chat.state import Phase
from services.runtime.problems import Refused, Unavailable

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = 1.0


class Router:
    """One in each replica. They may do the same at the same time: the guards settle it."""

    def __init__(self, board: Board, commands: Commands, presence: Presence) -> None:
        self._board = board
        self._commands = commands
        self._presence = presence
        self._wake = asyncio.Event()
        board.on_change.add(lambda _: self.wake())

    def wake(self) -> None:
        """Plan again: the board changed, or somebody came or went who is not in the log."""
        self._wake.set()

    async def run(self) -> None:
        await self._board.ready.wait()
        self._wake.set()
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._round()
            except Unavailable as error:
                log.warning("router.waiting", why=error.detail)
                await asyncio.sleep(RETRY_SECONDS)
                self._wake.set()
            except Exception:
                log.exception("router.failed")
                await asyncio.sleep(RETRY_SECONDS)
                self._wake.set()

    async def _round(self) -> None:
        steps = routing.plan(
            self._board.chats,
            self._board.operators,
            present=self._presence.operator_is_here,
            now=self._commands.clock(),
        )
        outcomes = await asyncio.gather(
            *(self._take(step) for step in steps), return_exceptions=True
        )
        sequences = [each for each in outcomes if isinstance(each, int)]
        for each in outcomes:
            if isinstance(each, BaseException) and not isinstance(each, Refused):
                raise each
            if isinstance(each, Unavailable):
                raise each
        # The next plan sees what this one did.
        while sequences and not await self._board.reaches(max(sequences)):
            log.warning("router.waiting", why="the board is behind the log")
        self._board.tidy()

    async def _take(self, step: Step) -> int:
        """One step, safe to take twice; the sequence that it, or its twin, stands at."""
        commands, now = self._commands, self._commands.clock()
        match step:
            case Reserve():
                reserved = await commands.reserve(step.chat_id, step.operator_id, step.offer_id)
                slot = reserved.state.slot(step.chat_id)
                if slot is None or slot.offer_id != step.offer_id:
                    return reserved.sequence
                return (
                    await commands.offer(step.chat_id, step.operator_id, step.offer_id)
                ).sequence
            case Offer():
                return (
                    await commands.offer(step.chat_id, step.operator_id, step.offer_id)
                ).sequence
            case Miss():
                missed = await commands.chat(
                    step.chat_id,
                    lambda chat: decider.miss(chat, offer_id=step.offer_id, now=now),
                    by="clock:timer",
                )
                return missed.sequence
            case GiveUpTransfer():
                given_up = await commands.chat(
                    step.chat_id,
                    lambda chat: decider.give_up_transfer(
                        chat, to_operator=step.operator_id, now=now
                    ),
                    by="service:chat",
                )
                return given_up.sequence
            case Take():
                taken = await commands.operator(
                    step.operator_id,
                    lambda each: operators.take(
                        each, chat_id=step.chat_id, offer_id=step.offer_id, now=now
                    ),
                    by="service:chat",
                    command=derived_id("take", step.offer_id, step.operator_id),
                )
                return taken.sequence
            case Free():
                freed = await commands.operator(
                    step.operator_id,
                    lambda each: operators.free(
                        each,
                        chat_id=step.chat_id,
                        offer_id=step.offer_id,
                        reason=step.reason,
                        now=now,
                    ),
                    by="service:chat",
                    command=derived_id("free", step.offer_id, step.operator_id),
                )
                return freed.sequence

    async def watch(self) -> None:
        """Tells heartbeats to the other replicas, and draws the consequences of silence."""
        await self._board.ready.wait()
        while True:
            await asyncio.sleep(TELL_SECONDS)
            try:
                await self._presence.tell()
                await self._look_after_operators()
                await self._look_after_customers()
            except Refused as refused:
                log.info("router.watch_refused", why=refused.detail)
            except Exception:
                log.exception("router.watch_failed")

    async def _look_after_operators(self) -> None:
        now = self._commands.clock()
        for operator in list(self._board.operators.values()):
            here = self._presence.operator_is_here(operator.id)
            if operator.is_online and not here:
                await self._commands.operator(
                    operator.id,
                    lambda each: operators.go_away(each, reason="silent", now=now),
                    by="clock:timer",
                )
            if self._presence.silence(f"operator:{operator.id}") >= LOST:
                for chat_id, _ in operator.slots:
                    chat = self._board.chats.get(chat_id)
                    if chat is None or chat.phase is not Phase.CONNECTED:
                        continue
                    await self._commands.chat(
                        chat_id,
                        lambda each, lost=operator.id: decider.lose_operator(  # type: ignore[misc]
                            each, operator_id=lost, now=now
                        ),
                        by="clock:timer",
                    )

    async def _look_after_customers(self) -> None:
        for chat in list(self._board.chats.values()):
            there = chat.phase in (Phase.QUEUED, Phase.OFFERED, Phase.CONNECTED)
            if not there or chat.offline or chat.away_until:
                continue
            if self._presence.silence(f"chat:{chat.id}") >= CUSTOMER_PATIENCE:
                await self._commands.went_silent(chat.id)

    async def heard_operator(self, operator_id: str) -> None:
        """An operator's heartbeat: ends an absence that silence began."""
        key = f"operator:{operator_id}"
        silent = not self._presence.operator_is_here(operator_id)
        self._presence.beat(key)
        operator = self._board.operators.get(operator_id)
        if operator is not None and operator.away == "silent":
            now = self._commands.clock()
            await self._commands.operator(
                operator_id,
                lambda each: operators.come_back(each, now=now, after_silence=True),
                by="service:chat",
            )
        elif silent:
            self.wake()

    async def heard_customer(self, chat_id: str) -> None:
        """A customer's heartbeat: back in the queue at the old place."""
        self._presence.beat(f"chat:{chat_id}")
        chat = self._board.chats.get(chat_id)
        if chat is not None and chat.away_until:
            now = self._commands.clock()
            await self._commands.chat(
                chat_id, lambda each: decider.came_back(each, now=now), by="service:chat"
            )
