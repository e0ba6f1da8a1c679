"""Machines outside, small and real: a Transparency Database that validates like the public one,
and a webhook endpoint that checks signatures as the Standard Webhooks specification says."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from aiohttp import web

TOKEN = "a-token-of-the-tests"
SECRET = "whsec_" + base64.b64encode(b"a secret of the tests, 32 bytes.").decode()

_REQUIRED = (
    "decision_ground", "content_type", "category", "content_date", "application_date",
    "decision_facts", "source_type", "automated_detection", "automated_decision", "puid",
)  # fmt: skip
_DECISIONS = ("decision_visibility", "decision_monetary", "decision_provision", "decision_account")
_ONE_OF: dict[str, set[str]] = {
    "decision_visibility": {
        f"DECISION_VISIBILITY_CONTENT_{each}"
        for each in ("REMOVED", "DISABLED", "DEMOTED", "AGE_RESTRICTED",
                     "INTERACTION_RESTRICTED", "LABELLED")
    } | {"DECISION_VISIBILITY_OTHER"},
    "decision_monetary": {
        f"DECISION_MONETARY_{each}" for each in ("SUSPENSION", "TERMINATION", "OTHER")
    },
    "decision_provision": {
        f"DECISION_PROVISION_{amount}_{what}"
        for amount in ("PARTIAL", "TOTAL")
        for what in ("SUSPENSION", "TERMINATION")
    },
    "decision_account": {"DECISION_ACCOUNT_SUSPENDED", "DECISION_ACCOUNT_TERMINATED"},
    "account_type": {"ACCOUNT_TYPE_BUSINESS", "ACCOUNT_TYPE_PRIVATE"},
    "decision_ground": {
        "DECISION_GROUND_ILLEGAL_CONTENT", "DECISION_GROUND_INCOMPATIBLE_CONTENT",
    },
    "source_type": {
        "SOURCE_ARTICLE_16", "SOURCE_TRUSTED_FLAGGER", "SOURCE_TYPE_OTHER_NOTIFICATION",
        "SOURCE_VOLUNTARY",
    },
    "automated_detection": {"Yes", "No"},
    "automated_decision": {
        "AUTOMATED_DECISION_FULLY", "AUTOMATED_DECISION_PARTIALLY",
        "AUTOMATED_DECISION_NOT_AUTOMATED",
    },
    "content_type": {"CONTENT_TYPE_PRODUCT"},
    "category": {
        "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS",
        "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS",
        "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
        "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
        "STATEMENT_CATEGORY_CONSUMER_INFORMATION",
    },
}  # fmt: skip
_WITH_GROUND = {
    "DECISION_GROUND_ILLEGAL_CONTENT": (
        "illegal_content_legal_ground", "illegal_content_explanation",
    ),
    "DECISION_GROUND_INCOMPATIBLE_CONTENT": (
        "incompatible_content_ground", "incompatible_content_explanation",
    ),
}  # fmt: skip
_LONGEST = {
    "decision_facts": 5000,
    "illegal_content_legal_ground": 500,
    "illegal_content_explanation": 2000,
    "incompatible_content_ground": 500,
    "incompatible_content_explanation": 2000,
    "puid": 500,
}
_OTHERS = {
    "decision_ground_reference_url", "incompatible_content_illegal", "category_addition",
    "category_specification", "category_specification_other", "content_id", "territorial_scope",
    "content_language", "end_date_account_restriction", "end_date_monetary_restriction",
    "end_date_service_restriction", "end_date_visibility_restriction", "source_identity",
}  # fmt: skip
_KNOWN = {*_REQUIRED, *_ONE_OF, *_OTHERS, *_LONGEST}


def errors_in(statement: dict[str, Any]) -> dict[str, list[str]]:
    """What the public database would say is wrong, by field."""
    wrong: dict[str, list[str]] = {}

    def say(field: str, message: str) -> None:
        wrong.setdefault(field, []).append(message)

    for name in _REQUIRED:
        if not statement.get(name):
            say(name, f"The {name} field is required.")
    if not any(statement.get(name) for name in _DECISIONS):
        for name in _DECISIONS:
            say(name, f"The {name} field is required when no other decision is present.")
    for name, values in _ONE_OF.items():
        given = statement.get(name)
        for value in given if isinstance(given, list) else [given] if given else []:
            if value not in values:
                say(name, f"The selected {name} is invalid.")
    for name in ("decision_visibility", "content_type", "territorial_scope"):
        if name in statement and not isinstance(statement[name], list):
            say(name, f"The {name} must be an array.")
    for name in _WITH_GROUND.get(statement.get("decision_ground", ""), ()):
        if not statement.get(name):
            say(name, f"The {name} field is required with this ground.")
    for name, length in _LONGEST.items():
        if len(statement.get(name) or "") > length:
            say(name, f"The {name} may not be greater than {length} characters.")
    for name in statement:
        if name.endswith("_date") or name.startswith("end_date"):
            try:
                date.fromisoformat(statement[name])
            except ValueError:
                say(name, f"The {name} does not match the format Y-m-d.")
    if not re.fullmatch(r"[A-Za-z0-9-_]*", statement.get("puid") or ""):
        say("puid", "The puid format is invalid.")
    if "decision_account" in statement and "account_type" not in statement:
        say("account_type", "The account_type field is required.")
    for name in statement.keys() - _KNOWN:
        say(name, f"There is no field {name}.")
    return wrong


@dataclass
class TransparencyDatabase:
    """`taken` by puid. `breaks_off`: so many times it takes a batch and hangs up without a word;
    `busy`: so many times it answers 503."""

    url: str = ""
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked_for: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    breaks_off: int = 0
    busy: int = 0

    async def existing(self, request: web.Request) -> web.Response:
        puid = request.match_info["puid"]
        self.asked_for.append(puid)
        if puid in self.taken:
            raise web.HTTPFound(f"/statement/{puid}")
        return web.json_response({"message": "not found"}, status=404)

    async def take(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"message": "Unauthenticated."}, status=401)
        if self.busy:
            self.busy -= 1
            return web.Response(status=503)
        statements = (await request.json())["statements"]
        if not 1 <= len(statements) <= 100:
            wrong = {"statements": ["between 1 and 100"]}
            return web.json_response({"errors": wrong}, status=422)
        errors = {
            f"statement_{n}": found for n, s in enumerate(statements) if (found := errors_in(s))
        }
        for n, statement in enumerate(statements):
            if statement.get("puid") in self.taken:
                errors[f"statement_{n}"] = {"puid": ["The puid has already been taken."]}
        if errors:
            return web.json_response({"message": "invalid", "errors": errors}, status=422)
        self.batches.append(len(statements))
        self.taken |= {statement["puid"]: statement for statement in statements}
        if self.breaks_off:
            self.breaks_off -= 1
            assert request.transport is not None
            request.transport.close()
        return web.json_response({"statements": statements}, status=201)


@dataclass
class Hooks:
    """`received` are bodies whose signature was right; `failing`: so many are answered 500."""

    url: str = ""
    received: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    failing: int = 0

    async def take(self, request: web.Request) -> web.Response:
        body = await request.text()
        signed = ".".join(
            (request.headers["webhook-id"], request.headers["webhook-timestamp"], body)
        )
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        digest = base64.b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).decode()
        if request.headers["webhook-signature"] != f"v1,{digest}":
            return web.Response(status=401)
        self.ids.append(request.headers["webhook-id"])
        if self.failing:
            self.failing -= 1
            return web.Response(status=500)
        self.received.append(json.loads(body))
        return web.Response(status=204)


@asynccontextmanager
async def transparency_database() -> AsyncIterator[TransparencyDatabase]:
    database = TransparencyDatabase()
    app = web.Application()
    app.router.add_get("/api/v1/statement/existing-puid/{puid}", database.existing)
    app.router.add_post("/api/v1/statements", database.take)
    async with _running(app) as url:
        database.url = url
        yield database


@asynccontextmanager
async def webhook_endpoint() -> AsyncIterator[Hooks]:
    hooks = Hooks()
    app = web.Application()
    app.router.add_post("/hooks", hooks.take)
    async with _running(app) as url:
        hooks.url = f"{url}/hooks"
        yield hooks


@asynccontextmanager
async def _running(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
