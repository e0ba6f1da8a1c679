"""A whole installation for the journeys: one started here, or the one at REDRESS_URL."""

import os
from collections.abc import Iterator

import httpx2 as httpx
import pytest

from deploy.credentials import credentials
from deploy.demo.__main__ import Demo, samples
from deploy.topology import Topology
from services.runtime.auth import Auth
from services.runtime.clock import utcnow
from tests.unlimited import UNLIMITED


@pytest.fixture(scope="session")
def topology(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology | None]:
    """The installation that was started here, or None where REDRESS_URL names another."""
    if os.environ.get("REDRESS_URL"):
        yield None
        return
    with Topology(tmp_path_factory.mktemp("site"), env=UNLIMITED) as started:
        yield started


@pytest.fixture(scope="session")
def site(topology: Topology | None) -> str:
    """The origin of a running installation.

    `REDRESS_URL=http://127.0.0.1:8080` walks through one that is up already, for instance that of
    the compose file.
    """
    return topology.url if topology else os.environ["REDRESS_URL"].rstrip("/")


@pytest.fixture(scope="session")
def furnished(topology: Topology | None, site: str) -> str:
    """The installation with the sample complaints filed, answered and decided.

    One that is up already is taken as it is: `make demo` furnishes it.
    """
    if topology is not None:
        auth = Auth(secret_key=credentials(topology.data).secret_key, public_url=site, clock=utcnow)
        with httpx.Client(base_url=site, timeout=30) as http:
            demo = Demo(http, auth, remembered=topology.data / "demo.json")
            for _step in demo.carry_out(samples()):
                pass
    return site
