"""R32, R34: the table in code against the policy's table "Tell everyone", row by row.

`tests/data/tell-everyone.md` is the policy's table, word for word.
"""

from pathlib import Path
from typing import Any

import pytest

from contracts.case import (
    AppealDecided,
    AppealOpened,
    AppealRejected,
    CaseAdmitted,
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseReopened,
    CaseResumed,
    CaseRetyped,
    CaseWithdrawn,
    CounterNoticeLapsed,
    CounterNoticeReceived,
    CounterNoticeReminded,
    CounterNoticeRequested,
    ExtensionGranted,
    ExtensionRefused,
    InformationLapsed,
    InformationRequested,
    InterimMeasureImposed,
    InterimMeasureKept,
    InterimMeasureLifted,
    NoteAdded,
)
from contracts.complaint import ComplaintFiled, ComplaintWithdrawn, GuestLinkAsked
from contracts.member import MeasureExpired, MeasureImposed, MeasureReversed, MeasureStarted
from services.notifier.table import TABLE, Row, Whom

POLICY = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in (Path(__file__).parent.parent / "data" / "tell-everyone.md").open()
][2:]

COMPLAINANT, ACCUSED = "complainant", "accused"
Who = dict[Any, tuple[str, ...]]

MEANT: dict[str, Who] = {
    "filed": {ComplaintFiled: (COMPLAINANT,)},
    "admitted / inadmissible": {
        CaseAdmitted: (COMPLAINANT,),
        CaseDeclaredInadmissible: (COMPLAINANT,),
    },
    "counter-notice requested, reminder, lapsed": {
        CounterNoticeRequested: (COMPLAINANT, ACCUSED),
        CounterNoticeReminded: (ACCUSED,),
        CounterNoticeLapsed: (COMPLAINANT, ACCUSED, "moderators"),
    },
    "information requested": {InformationRequested: (COMPLAINANT,)},
    "decided": {CaseDecided: (COMPLAINANT, ACCUSED)},
    "measure imposed, lifted, expired": {
        # Also complainants: the policy suspends those who abuse the form, and tells them why.
        MeasureImposed: (COMPLAINANT, ACCUSED),
        MeasureReversed: (COMPLAINANT, ACCUSED),
        MeasureExpired: (COMPLAINANT, ACCUSED),
        InterimMeasureImposed: (ACCUSED,),
        InterimMeasureKept: (ACCUSED,),
        InterimMeasureLifted: (ACCUSED,),
    },
    "appeal lodged / decided": {
        AppealOpened: (COMPLAINANT, ACCUSED, "appeals_officers"),
        AppealDecided: (COMPLAINANT, ACCUSED, "appeals_officers"),
    },
    "withdrawn, re-typed, closed, reopened": {
        ComplaintWithdrawn: (COMPLAINANT,),
        CaseWithdrawn: (ACCUSED,),
        CaseRetyped: (COMPLAINANT, ACCUSED),
        CaseClosed: (COMPLAINANT, ACCUSED),
        CaseReopened: (COMPLAINANT, ACCUSED),
    },
}
"""What each row of the policy means in facts."""

BEYOND: Who = {
    GuestLinkAsked: (COMPLAINANT,),  # their way to what they filed
    CounterNoticeReceived: (COMPLAINANT,),  # R32: every change of state is mailed
    InformationLapsed: (COMPLAINANT,),  # R32
    ExtensionGranted: (COMPLAINANT, ACCUSED),  # a deadline that was told has moved
    ExtensionRefused: (ACCUSED,),  # an answer to what they asked
    CaseResumed: (COMPLAINANT, ACCUSED),  # a deadline that was told has moved
    NoteAdded: (COMPLAINANT, ACCUSED),  # public notes, "for both parties to read"
    AppealRejected: (COMPLAINANT, ACCUSED),  # an answer to what they asked
    MeasureStarted: (ACCUSED,),  # what was announced for later is in force
}
"""What is told besides, and why."""


def rows(fact: Any) -> list[Row]:
    return [row for row in TABLE if row.fact is fact]


@pytest.mark.parametrize("row", POLICY, ids=[row[0] for row in POLICY])
def test_every_row_of_the_policy_is_kept(row: list[str]) -> None:
    event, *cells = row
    told = MEANT[event]
    for fact, audiences in told.items():
        assert tuple(each.side for each in rows(fact)) == audiences, fact.__name__
    everybody = {side for audiences in told.values() for side in audiences}
    asked = {
        side for side, cell in zip((COMPLAINANT, ACCUSED, "moderators"), cells, strict=True) if cell
    }
    staff = {"appeals officers": "appeals_officers"}.get(cells[2], "moderators")
    wanted = {staff if each == "moderators" else each for each in asked}
    if event.startswith("measure"):
        wanted |= {COMPLAINANT}
    assert everybody == wanted


@pytest.mark.parametrize("row", POLICY, ids=[row[0] for row in POLICY])
def test_where_known_to_them_means_where_known_to_them(row: list[str]) -> None:
    if row[2] == "where known to them":
        for fact in MEANT[row[0]]:
            of_accused = [each.whom for each in rows(fact) if each.side == ACCUSED]
            assert of_accused in ([], [Whom.KNOWING])


def test_the_policy_and_what_is_told_besides_are_the_whole_table() -> None:
    agreed = [(fact, audiences) for told in MEANT.values() for fact, audiences in told.items()]
    expected = {(fact, side) for fact, sides in (*agreed, *BEYOND.items()) for side in sides}
    assert {(row.fact, row.side) for row in TABLE} == expected
    assert len(TABLE) == len(expected)


def test_what_the_law_asks_for_and_what_has_a_deadline_cannot_be_switched_off() -> None:
    can_be: dict[tuple[Any, str], str] = {
        (row.fact, row.side): row.duty for row in TABLE if row.duty != "obligatory"
    }
    assert can_be == {
        (CounterNoticeReminded, ACCUSED): "reminder",
        (CaseRetyped, COMPLAINANT): "news",
        (CounterNoticeRequested, COMPLAINANT): "news",
        (CounterNoticeReceived, COMPLAINANT): "news",
        (CounterNoticeLapsed, COMPLAINANT): "news",
        (ExtensionGranted, COMPLAINANT): "news",
        (NoteAdded, COMPLAINANT): "news",
        (NoteAdded, ACCUSED): "news",
        (CaseClosed, COMPLAINANT): "news",
        (CaseClosed, ACCUSED): "news",
    }
