"""A whole installation for the journeys: one started here, or the one at REDRESS_URL."""

import os
from collections.abc import Iterator

import pytest

from deploy.topology import Topology


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The origin of a running installation.

    `REDRESS_URL=http://127.0.0.1:8080` walks through one that is up already, for instance that of
    the compose file.
    """
    given = os.environ.get("REDRESS_URL")
    if given:
        yield given.rstrip("/")
        return
    with Topology(tmp_path_factory.mktemp("site")) as topology:
        yield topology.url
