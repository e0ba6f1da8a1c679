"""A whole installation for the journeys: one started here, or the one at REDRESS_URL."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from deploy.credentials import credentials
from deploy.demo.__main__ import Demo, samples
from deploy.topology import Topology
from services.runtime.auth import Auth
from services.runtime.clock import utcnow
from tests.e2e.furnishing import Furnishing
from tests.unlimited import UNLIMITED

ALWAYS_OPEN = {"REDRESS_SCHEDULES": str(Path(__file__).parents[1] / "data" / "always-open.json")}
"""Operators are there whatever the time is."""


@pytest.fixture(scope="session")
def topology(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology | None]:
    """The installation that was started here, or None where REDRESS_URL names another."""
    if os.environ.get("REDRESS_URL"):
        yield None
        return
    with Topology(tmp_path_factory.mktemp("site"), env=UNLIMITED | ALWAYS_OPEN) as started:
        yield started


@pytest.fixture(scope="session")
def site(topology: Topology | None) -> str:
    """The origin of a running installation.

    `REDRESS_URL=http://127.0.0.1:8080` walks through one that is up already, for instance that of
    the compose file.
    """
    return topology.url if topology else os.environ["REDRESS_URL"].rstrip("/")


@pytest.fixture(scope="session")
def furnishing(topology: Topology | None, site: str) -> Iterator[Furnishing]:
    """The installation with something on every page."""
    if topology is None:
        pytest.skip("needs the secret of an installation started here")
    auth = Auth(secret_key=credentials(topology.data).secret_key, public_url=site, clock=utcnow)
    with httpx.Client(base_url=site, timeout=30) as http:
        demo = Demo(http, auth, remembered=topology.data / "demo.json")
        for _step in demo.carry_out(samples()):
            pass
        furnishing = Furnishing(http, auth)
        furnishing.furnish()
        yield furnishing
