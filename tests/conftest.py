"""What tests share: an event loop, a real nats-server, both databases, a browser.

What a machine does not have is skipped, with a line that says so.
"""

import asyncio
import functools
import gc
import inspect
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi.dependencies import models as dependencies
from hypothesis import HealthCheck, settings
from playwright.async_api import Browser, async_playwright

from services.runtime.bus import Bus, ensure_streams
from tests.servers import NatsServer, PostgresCluster, postgresql_binaries

CHROMIUM = shutil.which("chromium")

# The machine that runs the tests is shared: how long an example takes says nothing.
settings.register_profile(
    "redress", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("redress")

# Framed tracebacks with every variable in them take a second each.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--plain-asyncio",
        action="store_true",
        help="run on asyncio's own event loop instead of uvloop, which the services use",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that hangs in an event loop is cancelled, a little before pytest-timeout would end it:
    its signal is raised into uvloop, which logs it and waits on."""
    twice = [name for name, times in Counter(item.nodeid for item in items).items() if times > 1]
    assert not twice, f"of tests with one name, several processes run but one: {twice}"
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            marker = item.get_closest_marker("timeout")
            seconds = float(marker.args[0] if marker else item.config.getini("timeout"))
            item.obj = _cancelled_after(seconds * 0.9, item.obj)


def pytest_collection_finish() -> None:
    """As a service does when it starts: modules and tests stay for good, and the collector need not
    walk them again and again. Its pauses were longer than what commands wait for a view."""
    gc.collect()
    gc.freeze()


def pytest_runtest_teardown() -> None:
    """FastAPI remembers the last 4096 endpoints, and through them whole services that tests built:
    a million objects, which the collector walked for seconds in the middle of another test."""
    for each in vars(dependencies).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()


def _cancelled_after(
    seconds: float, test: Callable[..., Awaitable[None]]
) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def limited(*args: Any, **kwargs: Any) -> None:
        async with asyncio.timeout(seconds):
            await test(*args, **kwargs)

    return limited


@pytest.fixture(scope="session")
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": not request.config.getoption("--plain-asyncio")}


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    """A nats-server of this test's own, to be killed, silenced and started again."""
    server = NatsServer(tmp_path / "nats")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def bus(nats: NatsServer) -> AsyncIterator[Bus]:
    """Connected, as the user who may do everything, with every stream declared."""
    bus = Bus(nats.settings())
    await bus.connect()
    await ensure_streams(bus, replicas=1)
    yield bus
    await bus.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresCluster]:
    binaries = postgresql_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL on this machine: install the package postgresql")
    cluster = PostgresCluster(binaries)
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/test.db"
    cluster: PostgresCluster = request.getfixturevalue("postgresql")
    return await cluster.fresh()


@pytest.fixture(scope="module")
async def browser(anyio_backend: object) -> AsyncIterator[Browser]:
    """Headless Chromium that speaks to this machine only."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package chromium")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield started
        await started.close()
