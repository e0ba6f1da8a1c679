"""An installation in which there is something on every page: cases in all sorts of states, a bulk
action, mails, chats. What it made is found by name, for the table in `every_page`."""

import re
import time
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import unquote

import httpx2 as httpx

from deploy.bearer_token import token_of, whose
from deploy.marketplace import catalogue
from services.runtime.auth import Auth

SELLER = "sunrise-store"
ITEM = "https://www.aliexpress.com/item/{}.html"
FACTS = "The goods are telephone cases; the listing stood among cosmetic bags."
ASKED = {"client_id": "one", "text": "How do I open a dispute?"}
WAIT_SECONDS = 30.0

Answer = dict[str, Any]


class Furnishing:
    """`names` is what was made: the ids of cases, complaints, decisions, mails, chats, and the
    tokens of links, each under a name."""

    def __init__(self, http: httpx.Client, auth: Auth) -> None:
        self._http = http
        self._auth = auth
        self.names: dict[str, str] = {}
        self._items = (str(n) for n in count(50_000_000_000) if _is_the_sellers(str(n)))

    def furnish(self) -> None:
        self.cases()
        self.desk()
        self.chat_with_eva()
        self.mails()

    def cases(self) -> None:
        self._as_the_samples_left_them()
        complaint, case = self._filed("layla", "SM3")
        self.names |= {"awaited_complaint": complaint, "awaited_case": case}
        self._command(case, "impose-interim-measure", kind="listing_hidden", facts=FACTS)
        self._command(case, "request-counter-notice", allegation=FACTS)
        self._told(case)
        complaint, case = self._filed("ivan", "SM3")
        self.names |= {"answered_complaint": complaint, "answered_case": case}
        self._command(case, "request-counter-notice", allegation=FACTS)
        self._told(case)
        self._post(f"/api/v1/cases/{case}/counter-notice", {"text": FACTS}, SELLER)
        complaint, case = self._filed("layla", "CF1")
        self.names |= {"questioned_complaint": complaint, "questioned_case": case}
        self._command(case, "request-information", complaint_id=complaint, question="When?")
        complaint, case = self._filed("layla", "OT4")
        self.names |= {"withdrawn_complaint": complaint}
        self._post(f"/api/v1/complaints/{complaint}/withdrawal", {"text": "A mistake."}, "layla")
        complaint, case = self._filed("layla", "OT4")
        self.names |= {"proposed_complaint": complaint, "proposed_case": case}
        wide = [{"kind": "account_frozen", "days": 7}]
        self._command(case, "decide", outcome="upheld", facts=FACTS, measures=wide)

    def _as_the_samples_left_them(self) -> None:
        for name, member, outcome in (
            ("decided", "ivan", "upheld"),
            ("partly", "ivan", "partly_upheld"),
            ("inadmissible", "ivan", "inadmissible"),
        ):
            found = self._one("/api/v1/center/complaints?limit=50", member, "outcome", outcome)
            detail = self._get(f"/api/v1/center/complaints/{found['id']}", member)
            self.names |= {
                f"{name}_complaint": found["id"],
                f"{name}_case": detail["case"]["id"],
                f"{name}_decision": detail["decision"]["id"],
            }
        jammer = self._one("/api/v1/moderation/cases?limit=100", "mia", "type", "PR")
        shown = self._get(f"/api/v1/moderation/cases/{jammer['id']}", "mia")
        complaint = shown["complainants"][0]
        self.names["guests_complaint"] = complaint["id"]
        holder = complaint["complainant"]["id"]
        self.names["guests_link"] = self._auth.links.sign("guest", holder)
        self.names["complaint_link"] = self._auth.links.sign(
            "complaint", complaint["id"], holder=holder
        )
        case = self.names["partly_case"]
        self.names["accused_link"] = self._auth.links.sign("case", case, holder=SELLER)
        decision = self.names["decided_decision"]
        self._post(f"/api/v1/decisions/{decision}/appeals", {"text": "No."}, SELLER)

    def _filed(self, member: str, reason: str) -> tuple[str, str]:
        """A complaint about an item of the seller's, and its case, claimed and admitted."""
        body = {
            "product_link": ITEM.format(next(self._items)),
            "reason": reason,
            "description": "It is listed among cosmetic bags.",
            "language": "en",
            "evidence": [],
            "good_faith": True,
        }
        receipt = self._post("/api/v1/complaints", body, member)
        complaint = str(receipt["id"])
        filed = self._until(
            f"/api/v1/center/complaints/{complaint}", member, lambda each: bool(each["case"])
        )
        case = str(filed["case"]["id"])
        self._command(case, "claim")
        self._command(case, "admit")
        return complaint, case

    def _told(self, case: str) -> None:
        self._until(
            f"/api/v1/center/cases/{case}",
            SELLER,
            lambda each: each["state"] == "awaiting_counter_notice",
        )

    def desk(self) -> None:
        kept = "/api/v1/moderation/saved-queues/Mine?type=SM"
        self._answered(self._http.put(kept, headers=self._headers("mia")))
        body = {"command": "add-note", "body": {"text": "Seen."}, "query": "type=PR"}
        outgoing = self._get("/api/v1/moderation/outgoing", "sven")["items"]
        self.names["outgoing"] = str(outgoing[0]["id"])
        self.names["bulk"] = str(self._post("/api/v1/moderation/bulk", body, "mia")["id"])

    def chats(self) -> None:
        """An operator's shift begins; without a desk open in a browser he is lost after two
        minutes. One chat waits, one is at hand, one has ended."""
        self._chat("waiting", language="ar")
        profile = {"languages": ["en", "ru"], "capacity": 20}
        susan = self._headers("susan")
        self._answered(
            self._http.put("/api/v1/chats/desk/operators/pavel", json=profile, headers=susan)
        )
        self._post("/api/v1/chats/desk/shift", {}, "pavel")
        for name in ("taken", "ended"):
            chat, token = self._chat(name, language="ru")
            self._until_accepted(chat)
            self._post(f"/api/v1/chats/{chat}/messages?token={token}", ASKED, None)
        self._post(f"/api/v1/chats/{chat}/end?token={token}", {}, None)

    def chat_with_eva(self) -> None:
        chat, token = self._chat("eva", way="bot")
        self._post(f"/api/v1/chats/{chat}/messages?token={token}", ASKED, None)

    def _chat(self, name: str, **how: str) -> tuple[str, str]:
        body = {"way": "operator", "language": "en", "name": "Guest"} | how
        begun = self._post("/api/v1/chats", body, None)
        self.names |= {f"{name}_chat": begun["chat_id"], f"{name}_token": begun["token"]}
        return begun["chat_id"], begun["token"]

    def mails(self) -> None:
        sent = self._one("/api/v1/mails?limit=50", "mia", "state", "sent")
        self.names["mail"] = str(sent["id"])
        page = self._http.get("/mail/mailbox", headers=self._headers("mia")).text
        received = re.search(r'/mail/mailbox/([^"]+)"', page)
        assert received, page
        self.names["received"] = unquote(received[1])
        self.names["preferences_link"] = self._auth.links.sign("mail-preferences", "guest:nobody")

    # --- asking ---------------------------------------------------------------------------------

    def _one(self, path: str, who: str, field: str, value: str) -> Answer:
        """The first item of a list with a value, waited for: lists come after commands."""

        def fitting(answer: Answer) -> list[Answer]:
            return [each for each in answer["items"] if each[field] == value]

        return fitting(self._until(path, who, lambda answer: bool(fitting(answer))))[0]

    def _command(self, case: str, command: str, **body: Any) -> None:
        self._post(f"/api/v1/moderation/cases/{case}/{command}", body, "mia")

    def _get(self, path: str, who: str) -> Answer:
        return self._answered(self._http.get(path, headers=self._headers(who)))

    def _post(self, path: str, body: Answer, who: str | None) -> Answer:
        return self._answered(self._http.post(path, json=body, headers=self._headers(who)))

    def _until(self, path: str, who: str, holds: Callable[[Answer], bool]) -> Answer:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            response = self._http.get(path, headers=self._headers(who))
            if response.is_success and holds(answer := self._answered(response)):
                return answer
            assert time.monotonic() < deadline, (path, response.text)
            time.sleep(0.05)

    def _until_accepted(self, chat: str) -> None:
        path, headers = f"/api/v1/chats/desk/chats/{chat}/accept", self._headers("pavel")
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            said = self._http.post(path, json={"greeting": "Hello!"}, headers=headers)
            if said.is_success:
                return
            assert time.monotonic() < deadline, said.text
            time.sleep(0.05)

    def _headers(self, who: str | None) -> dict[str, str]:
        if who is None:
            return {}
        return {"Authorization": f"Bearer {token_of(whose('', who), self._auth)}"}

    @staticmethod
    def _answered(response: httpx.Response) -> Answer:
        assert response.is_success, (response.request.url, response.text)
        answer: Answer = response.json() if response.content else {}
        return answer


def _is_the_sellers(item: str) -> bool:
    product = catalogue.find(item)
    return product is not None and product.seller_id == SELLER
