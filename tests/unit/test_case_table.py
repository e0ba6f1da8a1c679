"""The state machine against the complaint policy: every command by every role in every state."""

from functools import reduce
from itertools import product

import pytest

from contracts.case import CaseFact
from services.moderation.commands import (
    Actor,
    Approve,
    Claim,
    Hold,
)
from services.moderation.decider import decide
from services.moderation.policy import policy
from services.moderation.state import NEW_CASE, Case, Lease, evolve
from services.moderation.transitions import ROWS
from services.runtime.auth.principal import ROLES as ALL_ROLES
from services.runtime.problems import Refused
from tests.cases import (
    DAY,
    FREEZE,
    MIA,
    MONDAY,
    REVIEWED,
    SVEN,
    appeal,
    given,
)
from tests.policy_table import (
    CALLED,
    DECISION,
    HIDE,
    OPEN,
    POLICY,
    REVIEW,
    ROLES,
    STATES,
    case_in,
    expected,
    pause_before,
)


def test_every_role_that_there_is_is_tried_and_whoever_has_none() -> None:
    tried = {CALLED.get(name, name) for name in ROLES}
    assert tried == {*ALL_ROLES, "guest", "clock", "service"}
    for name, actor in ROLES.items():
        of_the_product = actor.roles & ALL_ROLES
        assert of_the_product >= ({CALLED.get(name, name)} & ALL_ROLES), name


def test_the_policy_speaks_of_every_command_and_state() -> None:
    assert {type(example) for example, _ in POLICY.values()} == set(ROWS)
    assert set(STATES) == {str(each) for each in type(NEW_CASE.status)}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", POLICY)
def test_what_the_policy_allows_is_done_and_everything_else_is_refused(
    name: str, state: str
) -> None:
    command, _ = POLICY[name]
    case = case_in(state)
    for role, by in ROLES.items():
        now = MONDAY + pause_before(command, state)
        standing = _held_by(case, by)  # so that no lease refuses anybody
        allowed = expected(name, state, role)
        try:
            facts: list[CaseFact] = decide(standing, command, by=by, now=now, policy=policy())
        except Refused:
            after = None
        else:
            # What was done already is not done again, whoever asks.
            after = str(reduce(evolve, facts, standing).status) if facts else None
        if name == "admit" and after == "under_review":
            after = "admitted"  # and at once taken up by whoever holds it
        assert after == allowed, (role, state)


def _held_by(case: Case, by: Actor) -> Case:
    return case._replace(lease=Lease(by.id, MONDAY + 1000 * DAY)) if case is not NEW_CASE else case


@pytest.mark.parametrize(("state", "role"), list(product(REVIEW.split(), ["moderator", "senior"])))
def test_an_interim_measure_is_looked_at_again_and_lifted(state: str, role: str) -> None:
    case = _held_by(case_in(state), ROLES[role])
    imposed = decide(case, HIDE, by=ROLES[role], now=MONDAY, policy=policy())
    case = reduce(evolve, imposed, case)
    for command in (POLICY["keep-interim-measure"][0], POLICY["lift-interim-measure"][0]):
        facts = decide(case, command, by=ROLES[role], now=MONDAY, policy=policy())
        assert len(facts) == 1
        case = reduce(evolve, facts, case)
    assert case.interim == ()


@pytest.mark.parametrize("state", OPEN.split())
def test_on_hold_only_what_the_parties_say_and_flags_go_on(state: str) -> None:
    goes_on = {
        "join", "withdraw", "receive-evidence", "receive-information", "receive-counter-notice",
        "receive-accused-evidence", "claim", "release", "resume", "escalate", "mark-out-of-court",
        "link", "add-note", "keep-interim-measure", "lift-interim-measure", "ask-extension",
    }  # fmt: skip
    case = _held_by(case_in(state), MIA)
    case = reduce(evolve, decide(case, Hold(reason="x"), by=MIA, now=MONDAY, policy=policy()), case)
    for name, (command, _) in POLICY.items():
        for by in ROLES.values():
            now = MONDAY + pause_before(command, state)
            try:
                facts = decide(_held_by(case, by), command, by=by, now=now, policy=policy())
            except Refused:
                continue
            assert name in goes_on or facts == [] or name == "open-appeal", name


def test_nobody_approves_their_own_proposal_or_hears_an_appeal_on_their_own_decision() -> None:
    story = given(*REVIEWED).when(FREEZE)
    story.when(Approve(), by=Actor("mia", frozenset({"senior_moderator"})))
    assert story.refusal is not None
    assert story.refusal.code == "own-proposal"
    story.when(Approve(), by=SVEN)
    assert story.refusal is None
    appealed = story.when(appeal(DECISION, MONDAY)).case
    for who in ("mia", "sven"):
        with pytest.raises(Refused) as refused:
            decide(
                appealed,
                Claim(),
                by=Actor(who, frozenset({"appeals_officer"})),
                now=MONDAY,
                policy=policy(),
            )
        assert refused.value.code == "took-part"
