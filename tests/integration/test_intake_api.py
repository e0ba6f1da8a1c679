"""Filing, evidence and answers through the API, on a real log."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from contracts.case import CaseDecided, Ground, Outcome, StatementOfReasons
from contracts.envelope import Aggregate
from contracts.response import CounterNoticeSubmitted
from contracts.taxonomy import taxonomy
from services.intake.store import Store
from services.runtime.auth import Principal, guest_id
from services.runtime.clock import utcnow
from services.runtime.projection import Projector
from tests.intake_house import (
    AS_GUEST,
    GUIDES_EXAMPLE,
    IVAN,
    SHENZHEN,
    SUNRISE,
    House,
    intake,
    picture,
    sqlite,
)
from tests.servers import NatsServer

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def house(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: object
) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("intake")
    server = NatsServer(folder / "nats")
    server.start()
    async with intake(server, database_url=sqlite(folder)) as house:
        yield house
    server.stop()


def fields(problem: dict[str, list[dict[str, str]]]) -> set[str]:
    return {each["field"] for each in problem["errors"]}


# --- filing -----------------------------------------------------------------------------------


async def test_r30_a_member_files_and_gets_a_number_and_the_log_has_it(house: House) -> None:
    receipt = await house.post("/complaints", GUIDES_EXAMPLE, IVAN)
    assert receipt["state"] == "submitted"
    assert receipt["number"].startswith("C-")
    assert receipt["status_url"] == (
        f"/api/v1/center/complaints/{receipt['id']}?after={receipt['sequence']}"
    )
    assert "token" not in receipt
    message, filed = await house.filed(receipt["id"])
    assert message.sequence == receipt["sequence"]
    assert message.meta.actor == "member:ivan"
    assert filed.number == receipt["number"]
    assert (filed.complainant.email, filed.complainant.language) == ("ivan@example.com", "ru")
    assert filed.description == GUIDES_EXAMPLE["description"]


async def test_a_guest_files_with_name_and_address_and_gets_a_key_to_the_complaint(
    house: House,
) -> None:
    receipt = await house.post("/complaints", AS_GUEST)
    link = house.app.state.auth.links.verify("complaint", receipt["token"])
    assert (link.subject, link.holder) == (receipt["id"], guest_id("guest@example.org"))
    assert f"token={receipt['token']}" in receipt["status_url"]
    _, filed = await house.filed(receipt["id"])
    assert (filed.complainant.kind, filed.complainant.name) == ("guest", "A guest")


async def test_the_same_request_with_its_key_is_filed_once(house: House) -> None:
    same = [house.post("/complaints", AS_GUEST, key="one") for _ in range(5)]
    first, *others = await asyncio.gather(*same)
    assert others == [first] * 4
    assert await house.post("/complaints", AS_GUEST, key="one") == first
    await house.filed(first["id"])


async def test_a_key_of_one_person_is_not_the_key_of_another(house: House) -> None:
    other = AS_GUEST | {"email": "other@example.org"}
    one = await house.post("/complaints", AS_GUEST, key="shared")
    two = await house.post("/complaints", other, key="shared")
    three = await house.post("/complaints", GUIDES_EXAMPLE, IVAN, key="shared")
    assert len({one["id"], two["id"], three["id"]}) == 3


async def test_another_complaint_with_a_used_key_is_refused_and_the_first_named(
    house: House,
) -> None:
    first = await house.post("/complaints", AS_GUEST, key="used")
    problem = await house.post("/complaints", AS_GUEST | {"reason": "SM4"}, key="used", status=422)
    assert problem["type"] == "urn:redress:problem:key-reused"
    assert problem["number"] == first["number"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"product_link": "https://evil.example/item/1.html"}, "product_link"),
        ({"product_link": "x" * 3_000}, "product_link"),
        ({"product_link": 7}, "product_link"),
        ({"reason": "SM"}, "reason"),
        ({"description": ""}, "description"),
        ({"description": "x" * 200_000}, "description"),
        ({"description": "\u0000"}, "description"),
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"name": None}, "name"),
        ({"language": "Russian"}, "language"),
        ({"evidence": ["0" * 32]}, "evidence"),
        ({"evidence": ["../x"]}, "evidence"),
        ({"evidence": ["a"] * 6}, "evidence"),
        ({"good_faith": False}, "good_faith"),
        ({"good_faith": "yes"}, "good_faith"),
    ],
)
async def test_what_needs_another_look_is_told_by_field(
    house: House, changed: dict[str, object], field: str
) -> None:
    problem = await house.post("/complaints", AS_GUEST | changed, status=422)
    assert fields(problem) == {field}
    assert problem["errors"][0]["message"].endswith(".")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"a": "\\ud800"}'])
async def test_a_body_that_is_no_complaint_is_refused(house: House, body: bytes) -> None:
    problem = await house.post("/complaints", content=body, status=422)
    assert problem["errors"]


async def test_a_body_without_end_is_refused(house: House) -> None:
    problem = await house.post("/complaints", content=b" " * 600_000, status=413)
    assert "512 KB" in problem["detail"]


async def test_a_wrong_token_is_refused_and_nothing_is_filed_in_anothers_name(
    house: House,
) -> None:
    for token in ("nonsense", "link_x.y", "a.b.c"):
        answer = await house.http.post(
            "/api/v1/complaints", json=AS_GUEST, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 401
        assert answer.json()["type"] == "urn:redress:problem:invalid-token"


async def test_an_overlong_key_is_refused(house: House) -> None:
    problem = await house.post("/complaints", AS_GUEST, key="k" * 201, status=422)
    assert fields(problem) == {"Idempotency-Key"}


async def test_the_documentation_shows_what_filing_takes_and_answers(house: House) -> None:
    document = (await house.http.get("/intake/openapi.json")).json()
    filing = document["paths"]["/api/v1/complaints"]["post"]
    schema = filing["requestBody"]["content"]["application/json"]["schema"]
    assert {"product_link", "reason", "description", "good_faith"} == set(schema["required"])
    assert "201" in filing["responses"]
    assert filing["parameters"][0]["name"] == "Idempotency-Key"


# --- taxonomy and links -----------------------------------------------------------------------


async def test_r22_the_taxonomy_is_told_in_order_and_may_be_cached(house: House) -> None:
    answer = await house.http.get("/api/v1/taxonomy")
    assert [each["code"] for each in answer.json()["types"]] == ["CF", "PR", "SM", "OT", "FI"]
    assert answer.json()["types"][2]["reasons"][2]["code"] == taxonomy().types[2].reasons[2].code
    again = await house.http.get(
        "/api/v1/taxonomy", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_r19_a_pasted_text_is_resolved(house: House) -> None:
    found = await house.post(
        "/product-links/resolve",
        {"text": "see here: https://www.aliexpress.us/item/3256801373733209.html)."},
        status=200,
    )
    assert (found["verdict"], found["product_id"]) == ("accept", "1005001560047961")
    refused = await house.post(
        "/product-links/resolve", {"text": "https://evil.example"}, status=200
    )
    assert (refused["verdict"], refused["product_id"]) == ("refuse", None)
    assert fields(await house.post("/product-links/resolve", {}, status=422)) == {"text"}


# --- evidence ---------------------------------------------------------------------------------


async def test_r29_a_picture_is_taken_and_goes_along_with_the_complaint(house: House) -> None:
    taken = await house.upload(picture(), "C:\\фото\u202egpj.exe", IVAN)
    assert (taken["name"], taken["media_type"]) == ("фотоgpj.jpg", "image/jpeg")
    receipt = await house.post("/complaints", GUIDES_EXAMPLE | {"evidence": [taken["id"]]}, IVAN)
    _, filed = await house.filed(receipt["id"])
    (evidence,) = filed.evidence
    assert (evidence.id, evidence.sha256, evidence.size) == (
        taken["id"],
        taken["sha256"],
        taken["size"],
    )
    stored, chunks = await house.evidence.get(taken["id"])
    content = b"".join([chunk async for chunk in chunks])
    assert stored == evidence
    assert hashlib.sha256(content).hexdigest() == taken["sha256"]
    with Image.open(BytesIO(content)) as image:
        assert image.size == (60, 40)


async def test_a_video_of_many_chunks_comes_back_whole(house: House) -> None:
    video = b"\0\0\0\x10ftypisom\0\0\2\0" + b"\0\0\0\x08moov" + b"\0\0\0\0mdat"
    video += bytes(range(256)) * 50_000
    taken = await house.upload(video, "test.mp4")
    assert (taken["media_type"], taken["size"]) == ("video/mp4", len(video))
    _, chunks = await house.evidence.get(taken["id"])
    assert b"".join([chunk async for chunk in chunks]) == video


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"MZ\x90\0" + b"\0" * 500, 415, "Windows"),
        (b"\xff\xd8\xff\xe0" + b"MZ\x90\0" * 500, 415, "cannot be opened"),
        (b"", 415, "empty"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 30_000_000, 413, "30 MB"),
        (b"\0" * 30_000_000, 413, "10 MB"),
    ],
    ids=["executable", "forged", "empty", "30 MB picture", "30 MB of nothing"],
)
async def test_what_is_no_evidence_is_refused_with_a_sentence(
    house: House, content: bytes, status: int, words: str
) -> None:
    problem = await house.upload(content, "photo.jpg", status=status)
    assert words in problem["detail"]
    assert problem["detail"].startswith("photo.jpg")
    assert fields(problem) == {"file"}


async def test_an_upload_needs_one_file(house: House) -> None:
    assert fields(await house.post("/evidence", {"file": "x"}, status=422)) == {"file"}
    two = [("file", ("a.jpg", picture())), ("file", ("b.jpg", picture()))]
    assert fields(await house.post("/evidence", files=two, status=422)) == {"file"}
    broken = await house.post(
        "/evidence",
        content=b"--x\r\nnonsense",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
        status=422,
    )
    assert broken["errors"]


async def test_nobody_attaches_what_another_member_uploaded(house: House) -> None:
    taken = await house.upload(picture(), who=IVAN)
    body = AS_GUEST | {"evidence": [taken["id"]]}
    assert fields(await house.post("/complaints", body, status=422)) == {"evidence"}


# --- the answer of the accused ----------------------------------------------------------------


async def test_r35_the_accused_answers_in_time(house: House) -> None:
    case_id, _ = await house.case()
    proof = await house.upload(picture(), "proof.jpg", SUNRISE)
    receipt = await house.post(
        f"/cases/{case_id}/counter-notice",
        {"text": "It is a cosmetics case.", "evidence": [proof["id"]]},
        SUNRISE,
    )
    assert receipt["late"] is False
    history = await house.events.read(Aggregate(kind="response", id=case_id))
    (fact,) = history.facts
    assert isinstance(fact, CounterNoticeSubmitted)
    assert (fact.by, fact.evidence[0].id) == ("sunrise-store", proof["id"])
    assert receipt["sequence"] == history.version


async def test_an_answer_after_the_deadline_is_kept_and_marked_late(house: House) -> None:
    case_id, _ = await house.case(due_in=timedelta(seconds=-1))
    receipt = await house.post(f"/cases/{case_id}/counter-notice", {"text": "Sorry."}, SUNRISE)
    assert receipt["late"] is True
    assert "after the deadline" in receipt["message"]


async def test_an_answer_repeated_with_its_key_is_taken_once(house: House) -> None:
    case_id, _ = await house.case()
    path = f"/cases/{case_id}/counter-notice"
    first = await house.post(path, {"text": "One."}, SUNRISE, key="a")
    assert await house.post(path, {"text": "One."}, SUNRISE, key="a") == first
    await house.post(path, {"text": "Two."}, SUNRISE, key="a", status=422)
    more = await house.post(path, {"text": "Two."}, SUNRISE, key="b")
    assert more["sequence"] > first["sequence"]


DECIDED = CaseDecided(
    decision_id="d",
    by="mia",
    at=utcnow(),
    outcome=Outcome.UPHELD,
    statement=StatementOfReasons(
        facts="…", ground=Ground(kind="contract", reference="1", explanation="…")
    ),
    appeal_until=utcnow(),
)


@pytest.mark.parametrize(
    ("who", "due_in", "decided", "status"),
    [
        (None, timedelta(1), False, 401),
        (IVAN, timedelta(1), False, 404),
        (SHENZHEN, timedelta(1), False, 404),
        (Principal.guest("guest@example.org"), timedelta(1), False, 404),
        (SUNRISE, None, False, 409),
        (SUNRISE, timedelta(1), True, 409),
    ],
)
async def test_who_may_not_answer_is_told_why(
    house: House, who: Principal | None, due_in: timedelta | None, decided: bool, status: int
) -> None:
    case_id, _ = await house.case(*([DECIDED] if decided else []), due_in=due_in)
    await house.post(f"/cases/{case_id}/counter-notice", {"text": "No."}, who, status=status)


@pytest.mark.parametrize("case_id", ["0" * 32, "A", "x y", "x" * 100, "*", ">"])
async def test_a_case_that_is_none_cannot_be_answered(house: House, case_id: str) -> None:
    path = f"/cases/{case_id}/counter-notice"
    await house.post(path, {"text": "No."}, SUNRISE, status=404)


async def test_an_answer_without_words_is_refused(house: House) -> None:
    case_id, _ = await house.case()
    problem = await house.post(f"/cases/{case_id}/counter-notice", {}, SUNRISE, status=422)
    assert fields(problem) == {"text"}


# --- what is reported already -----------------------------------------------------------------


async def test_open_cases_are_counted_by_product_and_type(house: House) -> None:
    projector: Projector = house.app.state.parts.projectors[0]
    store = Store(house.app.state.parts.database, projector)
    await house.case(product_id="777", complaints=2)
    _, sequence = await house.case(DECIDED, product_id="777", complaints=5)
    await projector.wait_for(sequence)
    assert await store.reported("777") == {"SM": 2}
    assert await store.reported("778") == {}


async def test_no_request_of_these_tests_was_logged_as_a_crash(
    house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    """Fuzzed once more at the end: whatever is sent is answered with a problem, never a 500."""
    junk = [b"\x00" * 100, json.dumps({"product_link": ["x"]}).encode(), b"null", b"{}"]
    paths = ["/complaints", "/evidence", "/product-links/resolve", "/cases/x/counter-notice"]
    for path in paths:
        for content in junk:
            for kind in ("application/json", "multipart/form-data", "text/plain"):
                answer = await house.http.post(
                    f"/api/v1{path}", content=content, headers={"Content-Type": kind}
                )
                assert 400 <= answer.status_code < 500, (path, content, kind, answer.text)
    assert "request.crashed" not in "".join(capfd.readouterr())
