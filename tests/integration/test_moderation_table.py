"""The policy's table over the API: in every state every command of every role, and of nobody.

What the policy refuses is refused with its reason and changes nothing; what it allows is what the
case's page offers. `tests/unit/test_case_table.py` tries the same on the decider.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from contracts.case import CaseClaimed, CaseFact, CaseOpened
from contracts.envelope import Aggregate, Meta
from contracts.ids import new_id
from deploy.topology import Topology
from services.moderation.desk import READERS
from services.moderation.transitions import STAFF_COMMANDS
from services.runtime.auth import Principal
from services.runtime.clock import utcnow
from tests.cases import DAY, MONDAY
from tests.moderation_house import (
    GUEST,
    IVAN,
    MIA,
    OLGA,
    SUNRISE,
    House,
    MovedClock,
    moderation,
    sqlite,
)
from tests.policy_table import COMPLAINT, POLICY, REVIEW, STATES, expected, story_to
from tests.telling import GUEST as READER
from tests.telling import filed

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

SARA = Principal("staff", "sara", "Sara", roles=frozenset({"senior_moderator"}))
SUSAN = Principal("staff", "susan", "Susan", roles=frozenset({"supervisor"}))
PAVEL = Principal("staff", "pavel", "Pavel", roles=frozenset({"operator"}))
DEV = Principal("staff", "dev", "Dev", roles=frozenset({"developer"}))
READING = {"moderator": MIA, "senior": SARA, "officer": OLGA, "supervisor": SUSAN}
MEASURED = f"{REVIEW} decision_proposed".split()
OUTSIDE: dict[str, tuple[Principal | None, int]] = {
    "nobody": (None, 401),
    "guest": (GUEST, 401),
    "complainant": (IVAN, 403),
    "accused": (SUNRISE, 403),
    "operator": (PAVEL, 403),
    "developer": (DEV, 403),
}


@pytest.fixture(scope="module")
async def house(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: object
) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("table")
    clock = MovedClock()
    clock.offset = MONDAY + timedelta(minutes=1) - utcnow()
    with Topology(folder, only=["streams", "marketplace"]) as topology:
        async with moderation(topology, database_url=sqlite(folder), clock=clock) as running:
            await file_the_complaint(running)
            yield running


async def file_the_complaint(house: House) -> None:
    """The one that all of these cases are about."""
    aggregate = Aggregate(kind="complaint", id=COMPLAINT)
    meta = Meta(id=COMPLAINT, time=MONDAY, actor=IVAN.actor, correlation=COMPLAINT)
    fact = filed(READER, name=COMPLAINT)
    await house.intake.events.append(aggregate, [fact], expected=0, meta=meta)


@dataclass(frozen=True)
class Made:
    """A case in some state, held by somebody."""

    id: str
    sequence: int
    facts: int


async def made(house: House, state: str, holder: Principal) -> Made:
    case_id = new_id()
    facts: list[CaseFact] = [
        each.model_copy(update={"case_id": case_id}) if isinstance(each, CaseOpened) else each
        for each in story_to(state).facts
    ]
    if not facts:
        return Made(case_id, 0, 0)
    claimed = CaseClaimed(by=holder.id, at=MONDAY, until=MONDAY + 1000 * DAY)
    # An admitted case that somebody claims is under review; it may be admitted when it is claimed.
    facts.insert(2 if state == "admitted" else len(facts), claimed)
    command = new_id()
    meta = Meta(id=command, time=MONDAY, actor="service:moderation", correlation=command)
    events = house.app.state.parts.events
    aggregate = Aggregate(kind="case", id=case_id)
    sequence = await events.append(aggregate, facts, expected=0, meta=meta)
    return Made(case_id, sequence, len(facts))


async def asked(house: House, case_id: str, name: str, who: Principal | None) -> int:
    command, _ = POLICY[name]
    answer = await house.http.post(
        f"/api/v1/moderation/cases/{case_id}/{name}",
        json=command.model_dump(mode="json"),
        headers=house.headers(who),
    )
    if answer.status_code >= 400:
        problem = answer.json()
        assert problem["detail"], (name, who)
        assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code


async def unchanged(house: House, case: Made) -> bool:
    history = await house.app.state.parts.events.read(Aggregate(kind="case", id=case.id))
    return len(history.facts) == case.facts


def test_everybody_who_may_read_cases_is_tried() -> None:
    held = {role for who in READING.values() for role in who.roles}
    assert held == set(READERS)


@pytest.mark.parametrize("state", STATES)
async def test_staff_are_offered_what_the_policy_allows_and_refused_everything_else(
    house: House, state: str
) -> None:
    for role, who in READING.items():
        case = await made(house, state, who)
        leads = {name: expected(name, state, role) for name in STAFF_COMMANDS}
        if state != "new":
            shown = await house.get(f"/moderation/cases/{case.id}", who, after=case.sequence)
            assert shown["state"] == state
            offered = {each["command"]: each["allowed"] for each in shown["allowed"]}
            assert offered == {name: end is not None for name, end in leads.items()}, role
            assert all(each["allowed"] or each["reason"] for each in shown["allowed"])
        for name, end in leads.items():
            if end is not None:
                continue
            status = await asked(house, case.id, name, who)
            assert status == _refused_by(name, state, role), (role, name)
        assert await unchanged(house, case), role


def _refused_by(name: str, state: str, role: str) -> int:
    """403 where the role never may, else by what stands against it just now."""
    rows = POLICY[name][1]
    # Those without a row need something that was not done in this test, such as a measure.
    ever = any(role in roles.split() for roles, _, _ in rows) or (
        not rows and role in ("moderator", "senior")
    )
    if not ever:
        return 403
    no_measure = name in ("keep-interim-measure", "lift-interim-measure") and state in MEASURED
    return 404 if state == "new" or no_measure else 409


@pytest.mark.parametrize("state", STATES)
async def test_whoever_is_no_moderator_is_refused_before_the_case_is_looked_at(
    house: House, state: str
) -> None:
    case = await made(house, state, MIA)
    for who, status in OUTSIDE.values():
        for name in STAFF_COMMANDS:
            assert await asked(house, case.id, name, who) == status, (who, name)
    assert await unchanged(house, case)


@pytest.mark.parametrize("name", sorted(POLICY.keys() - STAFF_COMMANDS.keys()))
async def test_what_machines_and_parties_say_is_no_command_of_anybodys(
    house: House, name: str
) -> None:
    for who in READING.values():
        assert await asked(house, new_id(), name, who) == 404
