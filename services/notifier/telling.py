"""From a fact to the mails about it. Pure: a fact and what its case came to before it go in, the
mails to write come out. The table says who is told what; four rules keep each mail with its right
reader:

- A fact is told to the complaints that had joined *before* it and have not left. One that joins
  later is told once where the case stands then, in the words the others had.
- Each complainant gets one mail about their own complaint, also where they filed several.
- The accused hear nothing before they are told of the case, and nothing of any complaint then:
  neither who complained nor the link, for shared links carry the sharer's marks.
- An appeal is told to who appealed and to the other side; to other complainants where it is the
  accused's, or once it changes what they were told.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from contracts.case import (
    AppealDecided,
    AppealOpened,
    AppealRejected,
    CaseClosed,
    CaseDecided,
    CaseOpened,
    CaseResumed,
    ComplaintJoined,
    CounterNoticeReceived,
    InformationLapsed,
    InformationRequested,
    InterimMeasureLifted,
    MeasureKind,
    NoteAdded,
)
from contracts.codec import Fact, Message
from contracts.complaint import ComplaintFiled, ComplaintWithdrawn, GuestLinkAsked
from contracts.ids import derived_id
from contracts.mail import Audience, Duty
from contracts.member import MeasureExpired, MeasureImposed, MeasureReversed, MeasureStarted
from services.notifier.saying import decision_of, params
from services.notifier.so_far import Appellant, Before, CaseSoFar, tells_the_accused_anew
from services.notifier.table import ACCUSED, COMPLAINANT, ROWS_OF, TABLE, Row, Whom

STAFF: tuple[Audience, ...] = ("moderators", "appeals_officers")
ABUSE: tuple[MeasureKind, ...] = ("complaining_suspended",)
MeasureFact = MeasureImposed | MeasureStarted | MeasureReversed | MeasureExpired


class Telling(NamedTuple):
    """One mail to write. `reader` is a complaint's id, the accused's member id, or a staff role.

    `case_id` is set where it is another than the message's own.
    """

    template: str
    side: Audience
    reader: str
    params: dict[str, str]
    duty: Duty = "obligatory"
    fact: str = ""
    decision_id: str | None = None
    case_id: str | None = None


class Told(NamedTuple):
    """A telling and the id of its mail: the same fact, reader and template make the same mail."""

    telling: Telling
    mail_id: str


def concerns(message: Message) -> bool:
    """Whether anything in the message is told to anybody."""
    return any(type(fact) in ROWS_OF or isinstance(fact, ComplaintJoined) for fact in message.facts)


def needs_history(message: Message) -> bool:
    """Whether who is told of the message depends on what came before it."""
    return (
        concerns(message)
        and not message.subject.startswith("complaint.")
        and not isinstance(message.facts[0], CaseOpened)
    )


def plan(message: Message, before: Before) -> Iterator[Told]:
    """All mails that a message asks for."""
    complaint = message.subject.rsplit(".", 1)[1]
    decided = any(isinstance(fact, CaseDecided) for fact in message.facts)
    for index, fact in enumerate(message.facts):
        # A decision says itself what became of an interim measure that it takes the place of.
        if decided and isinstance(fact, InterimMeasureLifted):
            continue
        for telling in tellings(before, fact, complaint=complaint):
            mail_id = derived_id(
                "mail", message.subject, message.meta.id, str(index), telling.side,
                telling.reader, telling.template,
            )  # fmt: skip
            yield Told(telling, mail_id)
        before = before.evolved(fact)


def tellings(before: Before, fact: Fact, *, complaint: str = "") -> Iterator[Telling]:
    """The mails that `fact` asks for; `complaint` is the id of the complaint whose fact it is."""
    case = before.case
    if isinstance(fact, ComplaintJoined):
        yield from _catching_up(case, fact)
        return
    for row in ROWS_OF.get(type(fact), ()):
        if isinstance(fact, MeasureFact):
            yield from _of_measure(before, fact, row)
            continue
        for reader in _readers(case, fact, row, complaint):
            said = params(case, fact, row.side, reader)
            decision_id = decision_of(case, fact)
            yield Telling(
                row.template, row.side, reader, said, row.duty, fact.type, decision_id
            )  # fmt: skip


def _readers(case: CaseSoFar, fact: Fact, row: Row, complaint: str) -> Iterable[str]:
    if _told_otherwise(case, fact):
        return ()
    if row.side in STAFF:
        return (row.side,)
    if row.side == COMPLAINANT:
        return _complainants(case, fact, row, complaint)
    if case.accused is None or not _accused_is_told(case, fact, row):
        return ()
    return (case.accused,)


def _told_otherwise(case: CaseSoFar, fact: Fact) -> bool:
    """Internal notes never leave; a late answer moves nothing; who was told that a case ended with
    its last complaint need not hear that it is closed too."""
    match fact:
        case NoteAdded():
            return fact.visibility != "public"
        case CounterNoticeReceived():
            return fact.late
        case CaseClosed():
            return case.withdrawn
        case _:
            return False


def _complainants(case: CaseSoFar, fact: Fact, row: Row, complaint: str) -> Iterable[str]:
    match row.whom, fact:
        case Whom.NAMED, ComplaintFiled() | ComplaintWithdrawn() | GuestLinkAsked():
            return (complaint,)
        case Whom.NAMED, InformationRequested() | InformationLapsed():
            return (fact.complaint_id,)
        case Whom.AWAITED, CaseResumed():
            awaited = fact.information_due_at is not None
            return (each for each in sorted(case.asked) if awaited)
        case Whom.APPELLANT | Whom.APPEALED, AppealOpened() | AppealRejected() | AppealDecided():
            return _appealed(case, fact, row)
        case _:
            return (each.complaint_id for each in case.one_each())


def _appealed(
    case: CaseSoFar, fact: AppealOpened | AppealRejected | AppealDecided, row: Row
) -> Iterable[str]:
    appellant = _appellant(case, fact)
    own = appellant.complaint_id if appellant is not None else None
    changes = isinstance(fact, AppealDecided) and fact.result != "affirmed"
    if row.whom is Whom.APPEALED and (own is None or changes):
        others = [
            each.complaint_id
            for each in case.one_each()
            if own is None or each.number not in case.same_filer(own)
        ]
        return dict.fromkeys((own, *others) if own else others)
    return (own,) if own else ()


def _appellant(
    case: CaseSoFar, fact: AppealOpened | AppealRejected | AppealDecided
) -> Appellant | None:
    if fact.appellant is not None:
        return Appellant(fact.appellant, fact.complaint_id)
    return case.appeals.get(fact.appeal_id)


def _accused_is_told(case: CaseSoFar, fact: Fact, row: Row) -> bool:
    match row.whom:
        case Whom.KNOWING:
            return case.accused_knows
        case Whom.AWAITED:
            moved = isinstance(fact, CaseResumed) and fact.answer_due_at is not None
            return moved and case.answer_due_at is not None
        case Whom.APPELLANT:
            assert isinstance(fact, AppealRejected)
            appellant = _appellant(case, fact)
            return appellant is not None and appellant.side == ACCUSED
        case Whom.APPEALED:
            anew = isinstance(fact, AppealDecided) and tells_the_accused_anew(fact)
            return case.accused_knows or anew
        case _:
            return True


def _of_measure(before: Before, fact: MeasureFact, row: Row) -> Iterator[Telling]:
    """A measure is told to whom it is about, on the side they have in its case."""
    found = (
        (fact, before.cases.get(fact.case_id, before.case))
        if isinstance(fact, MeasureImposed)
        else before.measure(fact.measure_id)
    )
    if found is None:
        return
    imposed, case = found
    filed = [each for each in case.one_each() if each.complainant == imposed.member]
    side = COMPLAINANT if imposed.kind in ABUSE or (
        filed and imposed.member != f"member:{case.accused}"
    ) else ACCUSED  # fmt: skip
    if side != row.side:
        return
    kind, _, member = imposed.member.partition(":")
    if side == ACCUSED and kind != "member":
        return
    readers = [each.complaint_id for each in filed] if side == COMPLAINANT else [member]
    for reader in readers:
        said = params(case, fact, row.side, reader, measure=imposed)
        yield Telling(
            row.template, row.side, reader, said, row.duty, fact.type,
            imposed.decision_id if fact is imposed else None, imposed.case_id,
        )  # fmt: skip


def _catching_up(case: CaseSoFar, joined: ComplaintJoined) -> Iterator[Telling]:
    """What a complaint is told that joins a case already admitted or decided. Nothing while the
    case is new: then the receipt says all there is."""
    standing = case.standing
    as_decided = CaseDecided if isinstance(standing, AppealDecided) else type(standing)
    for row in TABLE:
        if standing is not None and row.fact is as_decided and row.side == COMPLAINANT:
            said = params(case, standing, row.side, joined.complaint_id, template=row.template)
            decision_id = decision_of(case, standing)
            yield Telling(
                row.template, row.side, joined.complaint_id, said, row.duty, standing.type,
                decision_id,
            )  # fmt: skip
