"""The notifier as it is run: its processes, a real broker, a real SMTP server, a real ledger."""

import json
import mailbox
import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx2 as httpx
import pytest

from contracts.codec import Fact
from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, Meta
from contracts.ids import new_id
from deploy.ports import HOST
from deploy.topology import Topology
from services.notifier.settings import Settings
from services.runtime.auth import Auth, Principal
from services.runtime.bus import Bus
from services.runtime.clock import utcnow
from services.runtime.events import EventStore
from tests.telling import ADMITTED, ASKED, DECIDED, GUEST, IVAN, NOON, filed, joined, opened

SELLER = "sunrise-store@example.org"


class Site:
    """The running notifier, and a pen for the facts that others would write."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        settings = self._settings("notifier")
        self.auth = Auth.of(settings, utcnow)
        self.http = httpx.Client(base_url=topology.address("notifier"), timeout=10)

    def _settings(self, user: str) -> Settings:
        secrets = self.topology.site.secrets
        return Settings.model_validate(
            {
                "nats_url": f"nats://{HOST}:{self.topology.site.ports['nats']}",
                "nats_user": user,
                "nats_password": secrets.nats[user],
                "database_url": "sqlite+aiosqlite://",
                "secret_key": secrets.secret_key,
                "public_url": self.topology.url,
            }
        )

    def write(self, writer: str, *commands: tuple[Aggregate, int, tuple[Fact, ...]]) -> None:
        """Appends commands of new aggregates, in order; each follows the one before it."""

        async def append() -> None:
            bus = Bus(self._settings(writer))
            await bus.connect()
            store = EventStore(bus, source=writer)
            for aggregate, version, facts in commands:
                expected = version and (await store.read(aggregate)).version
                meta = Meta(id=new_id(), time=NOON, actor=f"service:{writer}", correlation="test")
                await store.append(aggregate, facts, expected=expected, meta=meta)
            await bus.close()

        anyio.run(append)

    def file(self, *complaints: ComplaintFiled) -> None:
        self.write(
            "intake",
            *((Aggregate(kind="complaint", id=c.complaint_id), 0, (c,)) for c in complaints),
        )

    def token(self, *roles: Any) -> dict[str, str]:
        mia = Principal("staff", "mia", "Mia", "mia@example.org", roles=frozenset(roles))
        return {"Authorization": f"Bearer {self.auth.tokens.issue(mia)}"}

    def mails(self, **query: Any) -> list[dict[str, Any]]:
        answer = self.http.get("/api/v1/mails", params=query, headers=self.token("moderator"))
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def wait_for(self, wanted: int, *, seconds: float = 60, **query: Any) -> list[dict[str, Any]]:
        """The mails, once at least as many as wanted are there."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.mails(**query)
            if len(found) >= wanted:
                return found
            assert time.monotonic() < deadline, f"{len(found)} of {wanted} mails: {found}"
            time.sleep(0.05)

    def received(self) -> Counter[str]:
        """How often each Message-ID lies in the mailbox."""
        maildir = mailbox.Maildir(self.topology.data / "mail", create=False)
        return Counter(mail["Message-ID"].strip() for mail in maildir)

    def run(self, *verb: str) -> str:
        """Runs another verb of the notifier to its end, and returns what it printed."""
        site = self.topology.site
        command = [*site.command(self.topology._part("notifier"))[:-1], *verb]
        done = subprocess.run(
            command,
            env=self.topology.env("notifier"),
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("data")
    with Topology(data, only=["notifier", "mailbox", "marketplace"]) as topology:
        yield Site(topology)


def a_decided_case(site: Site) -> tuple[ComplaintFiled, ComplaintFiled]:
    ivans, guests = filed(IVAN, name=new_id()), filed(GUEST, name=new_id())
    site.file(ivans, guests)
    case = Aggregate(kind="case", id=new_id())
    site.write(
        "moderation",
        (case, 0, (opened(), joined(ivans))),
        (case, 1, (joined(guests),)),
        (case, 1, (ADMITTED,)),
        (case, 1, (ASKED,)),
        (case, 1, (DECIDED,)),
    )
    return ivans, guests


def test_everyone_gets_their_mails_and_the_ledger_says_so(site: Site) -> None:
    ivans, guests = a_decided_case(site)
    to_ivan = site.wait_for(4, to=IVAN.email.upper(), state="sent")
    to_guest = site.wait_for(4, to=GUEST.email, state="sent")
    to_seller = site.wait_for(2, to=SELLER, state="sent")
    complainants = {"receipt", "admitted", "counter_notice_requested", "decided"}
    assert {mail["template"] for mail in to_ivan} == complainants
    assert {mail["template"] for mail in to_guest} == complainants
    assert {mail["template"] for mail in to_seller} == {"counter_notice_requested", "decided"}
    for mail in to_ivan:
        assert ivans.number in mail["subject"]
        assert guests.number not in mail["text"]
        assert mail["attempts"] == 1
        assert mail["reply"].startswith("250")
    for mail in to_seller:
        for person in (IVAN, GUEST):
            assert person.name not in mail["text"]
            assert person.email not in mail["text"]
    received = site.received()
    for mail in (*to_ivan, *to_guest, *to_seller):
        assert received[mail["message_id"]] == 1


def test_a_guests_link_is_in_the_mail_but_not_shown_to_staff(site: Site) -> None:
    complaint = filed(GUEST.model_copy(update={"email": "nadia@example.net"}), name=new_id())
    site.file(complaint)
    (mail,) = site.wait_for(1, to="nadia@example.net", state="sent")
    token = site.auth.links.sign("complaint", complaint.complaint_id, holder=GUEST.id)
    assert token not in mail["text"]
    assert f"/center/complaints/{complaint.complaint_id}?token=" in mail["text"]
    maildir = mailbox.Maildir(site.topology.data / "mail", create=False)
    (kept,) = (each for each in maildir if each["Delivered-To"] == "nadia@example.net")
    plain = kept.get_payload(0)
    assert isinstance(plain, mailbox.Message) or plain is not None
    text = plain.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert f"?token={token}" in text


def test_lists_are_paged(site: Site) -> None:
    everyone = site.mails(limit=200)
    answer = site.http.get("/api/v1/mails?limit=3", headers=site.token("moderator"))
    seen = [mail["id"] for mail in answer.json()["items"]]
    while cursor := answer.json()["next"]:
        place = f"/api/v1/mails?limit=3&cursor={cursor}"
        answer = site.http.get(place, headers=site.token("moderator"))
        seen += [mail["id"] for mail in answer.json()["items"]]
    assert seen == [mail["id"] for mail in everyone]


@pytest.mark.parametrize("path", ["/api/v1/mails", "/mail", "/mail/mailbox", "/mail/x/html"])
def test_only_staff_may_read(site: Site, path: str) -> None:
    assert site.http.get(path).status_code == 401
    assert site.http.get(path, headers=site.token("customer")).status_code == 403
    assert site.http.get(path, headers={"Authorization": "Bearer x"}).status_code == 401


@pytest.mark.parametrize(
    ("query", "field"), [("state=lost", "state"), ("limit=1000", "limit"), ("cursor=x", "cursor")]
)
def test_a_wrong_query_is_told_field_by_field(site: Site, query: str, field: str) -> None:
    answer = site.http.get(f"/api/v1/mails?{query}", headers=site.token("moderator"))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in json.dumps(answer.json()["errors"])


def test_rebuilding_the_ledger_sends_nothing_and_makes_the_same_rows(site: Site) -> None:
    before, received = site.mails(limit=200), site.received()
    assert before
    site.topology.process("notifier").end(patience=10)
    printed = site.run("replay")
    site.topology.restart("notifier")
    assert "ledger" in printed
    assert site.mails(limit=200) == before
    complaint = filed(IVAN, name=new_id())
    site.file(complaint)
    site.wait_for(len(before) + 1, limit=200, state="sent")
    assert sum((site.received() - received).values()) == 1


def test_a_mailbox_that_was_away_gets_every_mail_once(site: Site) -> None:
    received = site.received()
    site.topology.kill("mailbox")
    person = IVAN.model_copy(update={"email": f"{new_id()}@example.org"})
    site.file(*(filed(person, name=new_id()) for _ in range(20)))
    site.wait_for(20, to=person.email)
    site.topology.restart("mailbox")
    site.wait_for(20, to=person.email, state="sent")
    fresh = site.received() - received
    assert sorted(fresh.values()) == [1] * 20


def test_killed_again_and_again_the_notifier_loses_no_mail(site: Site) -> None:
    person = IVAN.model_copy(update={"email": f"{new_id()}@example.org"})
    site.file(*(filed(person, name=new_id()) for _ in range(150)))
    for _ in range(3):
        count = len(site.wait_for(1, to=person.email, limit=200, state="sent"))
        site.topology.kill("notifier")
        site.topology.restart("notifier")
        if count >= 150:
            break
    sent = site.wait_for(150, to=person.email, limit=200, state="sent", seconds=120)
    received = site.received()
    copies = [received[mail["message_id"]] for mail in sent]
    assert min(copies) >= 1
    # A double needs a kill between the server's answer and the fact: at most one a session.
    assert sum(copies) - len(copies) <= 3 * 8


def test_pages_are_shown_to_staff(site: Site) -> None:
    staff = site.token("supervisor") | {"Accept": "text/html"}
    page = site.http.get("/mail", headers=staff)
    assert page.status_code == 200
    assert "мы её получили" in page.text
    mail = site.mails(limit=1)[0]
    one = site.http.get(f"/mail/{mail['id']}", headers=staff)
    assert mail["subject"] in one.text
    assert "frame-src 'self'" in one.headers["content-security-policy"]
    html = site.http.get(f"/mail/{mail['id']}/html", headers=staff)
    assert html.headers["content-security-policy"].startswith("sandbox")
    assert site.http.get("/mail/no-such-mail", headers=staff).status_code == 404


def test_the_mailbox_shows_what_it_received_and_nothing_else(site: Site) -> None:
    staff = site.token("developer") | {"Accept": "text/html"}
    page = site.http.get("/mail/mailbox", headers=staff)
    assert page.status_code == 200
    newest = max(os.listdir(site.topology.data / "mail" / "new"))
    one = site.http.get(f"/mail/mailbox/{newest}", headers=staff)
    assert one.status_code == 200
    raw = site.http.get(f"/mail/mailbox/{newest}/raw", headers=staff)
    assert raw.headers["content-disposition"].startswith("attachment")
    for key in ("no-such-mail", "..%2F..%2Fsecrets.json", "%2E%2E", "new"):
        assert site.http.get(f"/mail/mailbox/{key}", headers=staff).status_code == 404


def test_check_finds_everything_in_place(site: Site) -> None:
    assert site.run("check") == "notifier: all is there\n"


def test_a_token_that_expired_opens_nothing(site: Site) -> None:
    mia = Principal("staff", "mia", roles=frozenset({"moderator"}))
    old = site.auth.tokens.issue(mia, lifetime=timedelta(seconds=-1))
    answer = site.http.get("/api/v1/mails", headers={"Authorization": f"Bearer {old}"})
    assert answer.status_code == 401
