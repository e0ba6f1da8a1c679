"""What readers choose, one click, mails that come back, and what staff do about them: the notifier
at work, with its door for reports open."""

import mailbox
import smtplib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from contracts.ids import new_id
from deploy.ports import HOST
from deploy.topology import Topology
from services.runtime.auth import Principal
from tests.integration.test_notifier_service import Site
from tests.telling import GUEST, IVAN, filed
from tests.unit.test_notifier_bounces import report


class House(Site):
    def __init__(self, topology: Topology) -> None:
        super().__init__(topology)
        self.bounce_port = topology.site.ports["bounces"]

    def link(self, reader: str) -> str:
        return self.auth.links.sign("mail-preferences", reader, holder=reader.partition(":")[2])

    def come_back(self, mail: dict[str, Any], by: type[smtplib.SMTP] = smtplib.LMTP) -> None:
        """A mail server returns the mail to where it said that it came from."""
        (sender,) = (
            received["Return-Path"]
            for received in mailbox.Maildir(self.topology.data / "mail", create=False)
            if received["Message-ID"] == mail["message_id"]
        )
        with by(HOST, self.bounce_port) as server:
            server.sendmail("", [sender.strip("<>")], report(mail_id=mail["id"]))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data: Path = tmp_path_factory.mktemp("data")
    with Topology(data, only=["notifier", "mailbox", "marketplace"]) as topology:
        yield House(topology)


def browser(site: House) -> httpx.Client:
    return httpx.Client(base_url=site.topology.address("notifier"), timeout=10)


def csrf(page: httpx.Response) -> str:
    return page.text.partition('name="csrf_token" value="')[2].partition('"')[0]


def test_a_guest_chooses_by_the_link_of_a_mail(site: House) -> None:
    token = site.link("guest:9ue57")
    with browser(site) as reader:
        page = reader.get("/mail/preferences", params={"token": token})
        assert page.status_code == 200
        assert 'value="each"' in page.text
        chosen = {"news": "digest", "language": "ru", "csrf_token": csrf(page)}
        saved = reader.post("/mail/preferences", params={"token": token}, data=chosen)
        assert saved.status_code == 303
        again = reader.get(saved.headers["location"])
        assert 'value="digest" id' in again.text or 'value="digest" checked' in again.text
        assert '<option value="ru" selected>' in again.text
        assert 'value="yes" checked' not in again.text


def test_a_link_opens_the_preferences_of_its_reader_and_nothing_else(site: House) -> None:
    other = site.auth.links.sign("complaint", "c1", holder="9ue57")
    with browser(site) as reader:
        assert reader.get("/mail/preferences", params={"token": other}).status_code >= 400
        assert reader.get("/mail/preferences", params={"token": "x"}).status_code >= 400
        assert reader.get("/mail/preferences").status_code == 401
        assert reader.post("/mail/unsubscribe/news", params={"token": other}).status_code >= 400


def test_one_click_ends_a_kind_of_mail_and_opening_the_link_does_not(site: House) -> None:
    person = GUEST.model_copy(update={"id": new_id()})
    token = site.link(person.actor)
    place, one_click = "/mail/unsubscribe/reminder", {"List-Unsubscribe": "One-Click"}
    with browser(site) as reader:
        assert reader.get(place, params={"token": token}).status_code == 200
        page = reader.get("/mail/preferences", params={"token": token}).text
        assert 'value="yes" checked' in page
        # No cookie and no token of a form: a mail program has neither (RFC 8058).
        done = httpx.post(
            site.topology.address("notifier") + place, params={"token": token}, data=one_click
        )
        assert done.status_code == 200
        page = reader.get("/mail/preferences", params={"token": token}).text
        assert 'value="yes" checked' not in page
        obligatory = reader.post("/mail/unsubscribe/obligatory", params={"token": token})
        assert obligatory.status_code == 422


def test_a_mail_that_comes_back_marks_itself_and_its_address(site: House) -> None:
    person = IVAN.model_copy(update={"email": f"{new_id()}@example.org"})
    site.file(filed(person, name=new_id()))
    (first,) = site.wait_for(1, to=person.email, state="sent")
    for by in (smtplib.SMTP, smtplib.LMTP):  # servers may report twice, and in either way
        site.come_back(first, by)
    (bounced,) = site.wait_for(1, to=person.email, state="bounced")
    assert "5.1.1" in bounced["reply"]

    site.file(filed(person, name=new_id()))
    (kept,) = site.wait_for(1, to=person.email, state="suppressed")
    assert kept["reply"] == "address"
    assert kept["message_id"] not in site.received()

    staff = site.token("supervisor") | {"Accept": "text/html"}
    page = site.http.get(f"/mail/{kept['id']}", headers=staff)
    assert "Mail to this address comes back" in page.text
    sent = site.http.post(f"/mail/{kept['id']}/again", headers=staff, data={"nonce": "n1"})
    assert sent.status_code == 303
    site.http.post(f"/mail/{kept['id']}/again", headers=staff, data={"nonce": "n1"})
    (again,) = site.wait_for(1, to=person.email, state="sent")
    assert sent.headers["location"].startswith(f"/mail/{again['id']}")
    assert site.received()[again["message_id"]] == 1
    site.file(filed(person, name=new_id()))
    site.wait_for(2, to=person.email, state="sent")


def test_a_report_about_nothing_of_ours_is_taken_and_left(site: House) -> None:
    with smtplib.LMTP(HOST, site.bounce_port) as server:
        nothing = "0" * 32
        server.sendmail("", [f"bounces+{nothing}@market.example"], report(mail_id=nothing))
        server.sendmail("", ["bounces@market.example"], b"Subject: I am away\r\n\r\nuntil Monday")
    assert site.http.get("/notifier/readyz").status_code == 200


def test_what_would_have_been_mailed_is_said_and_nothing_is_sent(site: House) -> None:
    said = site.run("mark", "--dry")
    assert "0 mails would be marked as told; none sent" in said


def test_what_was_mailed_is_told_inside_the_site_too_and_counted_until_read(site: House) -> None:
    member = IVAN.model_copy(update={"id": new_id(), "email": f"{new_id()}@example.org"})
    person = Principal("member", member.id, member.name, member.email)
    token = {"Authorization": f"Bearer {site.auth.tokens.issue(person)}"}

    def unread() -> int:
        answer = site.http.get("/mail/notices/unread", headers=token)
        return int(answer.json()["unread"])

    assert unread() == 0
    with site.http.stream("GET", "/mail/notices/live", headers=token) as events:
        lines = events.iter_lines()
        site.file(filed(member, name=new_id()), filed(IVAN, name=new_id()))
        assert next(line for line in lines if line.startswith("event:")) == "event: changed"
    assert unread() == 1
    page = site.http.get("/mail/notices", headers=token).text
    until = page.partition('name="until" value="')[2].partition('"')[0]
    assert page.count('class="row-link"') == 1
    read = site.http.post("/mail/notices", headers=token, data={"until": until})
    assert read.status_code == 303
    deadline = time.monotonic() + 10
    while unread():
        assert time.monotonic() < deadline
    assert site.http.get("/mail/notices").status_code == 401
