"""Files are looked at by a real clamd before they are taken, and refused when it is away."""

from collections.abc import AsyncIterator

import pytest

from deploy.ports import free_ports
from services.intake.scanning import Clamd
from tests.browsing import Browser
from tests.clamd import BINARY, MARKER, clamd
from tests.intake_house import House, intake, picture, sqlite
from tests.servers import NatsServer

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(BINARY is None, reason="clamd is not installed (clamav-daemon)"),
]

MAIL = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: Hello\r\n\r\n"


@pytest.fixture(scope="module")
async def scanned(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: object
) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("scanned")
    server = NatsServer(folder / "nats")
    server.start()
    with clamd(folder) as address:
        async with intake(server, database_url=sqlite(folder), clamd=address) as house:
            yield house
    server.stop()


async def test_a_clean_file_is_taken(scanned: House) -> None:
    taken = await scanned.upload(picture(), "photo.jpg")
    assert (await scanned.evidence.info(taken["id"])) is not None


@pytest.mark.parametrize(
    ("name", "content"),
    [("mail.eml", MAIL + MARKER), ("photo.jpg", picture() + MARKER)],
    ids=["in a document", "behind a picture"],
)
async def test_an_infected_file_is_refused_by_name(
    scanned: House, name: str, content: bytes
) -> None:
    problem = await scanned.upload(content, name, status=415)
    assert problem["type"].endswith(":infected")
    assert problem["detail"].startswith(f"{name} was not taken")
    assert "Redress.Test" in problem["detail"]
    assert problem["errors"][0]["field"] == "file"


async def test_on_a_page_the_infected_file_is_left_out_and_the_words_stay(scanned: House) -> None:
    async with Browser.of(scanned) as guest:
        await guest.to_details()
        page = await guest.press(
            description="Look at this.",
            files=[("mail.eml", MAIL + MARKER), ("photo.jpg", picture())],
            status=422,
        )
        assert "mail.eml was not taken" in page.text
        assert len(guest.value("evidence")) == 1
        assert guest.value("description") == ["\nLook at this."]


async def test_a_file_too_long_for_the_scanner_is_not_taken_unscanned(scanned: House) -> None:
    problem = await scanned.upload(MAIL + b"x" * 2_000_000, "mail.eml", status=503)
    assert "scanner" in problem["detail"]


async def test_with_the_scanner_away_files_are_refused_and_nothing_else_is_lost(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("unscanned")
    server = NatsServer(folder / "nats")
    server.start()
    away = f"127.0.0.1:{free_ports(['clamd'])['clamd']}"
    try:
        async with intake(server, database_url=sqlite(folder), clamd=away) as house:
            problem = await house.upload(picture(), status=503)
            assert problem["type"].endswith("scanner-unavailable")
            async with Browser.of(house) as guest:
                await guest.to_details()
                page = await guest.press(
                    description="Look.", files=[("photo.jpg", picture())], status=422
                )
                assert "add it later" in page.text
                assert guest.value("description") == ["\nLook."]
    finally:
        server.stop()


@pytest.mark.parametrize("address", ["", "clamd", "clamd:", ":3310", "clamd:http"])
def test_an_address_that_is_none_is_told_at_the_start(address: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        Clamd.at(address)
