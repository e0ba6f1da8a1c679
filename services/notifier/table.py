"""Who is told what: the table "Tell everyone" of the complaint policy. Nothing else decides it.

Every way of telling reads this one table: mails, the notices inside the site, what other programs
are told. Each row is one fact told to one side, in the words of one template.
"""

from enum import Enum, auto
from typing import Final, NamedTuple

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
from contracts.codec import Fact
from contracts.complaint import ComplaintFiled, ComplaintWithdrawn, GuestLinkAsked
from contracts.mail import Audience, Duty
from contracts.member import MeasureExpired, MeasureImposed, MeasureReversed, MeasureStarted


class Whom(Enum):
    """Which readers of a side."""

    ALL = auto()
    """Everybody on that side: each complainant once, or the accused."""
    KNOWING = auto()
    """The accused, if they were told of the case before: none hears first that it is over."""
    NAMED = auto()
    """The one complainant whom the fact names."""
    AWAITED = auto()
    """Those of that side whose answer is awaited."""
    APPELLANT = auto()
    """Who appealed, if that is this side."""
    APPEALED = auto()
    """Those who have to know of an appeal: see `telling`."""
    MEMBER = auto()
    """Whom a measure is about: the accused of its case, or the complainant who abused the form."""


class Row(NamedTuple):
    fact: type[Fact]
    side: Audience
    template: str
    whom: Whom = Whom.ALL
    duty: Duty = "obligatory"


COMPLAINANT: Final = "complainant"
ACCUSED: Final = "accused"

TABLE: tuple[Row, ...] = (
    Row(ComplaintFiled, COMPLAINANT, "receipt", Whom.NAMED),
    Row(GuestLinkAsked, COMPLAINANT, "guest_link", Whom.NAMED),
    Row(ComplaintWithdrawn, COMPLAINANT, "withdrawn", Whom.NAMED),
    Row(CaseWithdrawn, ACCUSED, "withdrawn", Whom.KNOWING),
    Row(CaseAdmitted, COMPLAINANT, "admitted"),
    Row(CaseDeclaredInadmissible, COMPLAINANT, "inadmissible"),
    Row(CaseRetyped, COMPLAINANT, "retyped", duty="news"),
    Row(CaseRetyped, ACCUSED, "retyped", Whom.KNOWING),
    Row(InformationRequested, COMPLAINANT, "information_requested", Whom.NAMED),
    Row(InformationLapsed, COMPLAINANT, "information_lapsed", Whom.NAMED),
    Row(CounterNoticeRequested, COMPLAINANT, "counter_notice_requested", duty="news"),
    Row(CounterNoticeRequested, ACCUSED, "counter_notice_requested"),
    Row(CounterNoticeReminded, ACCUSED, "counter_notice_reminded", Whom.KNOWING, "reminder"),
    Row(CounterNoticeReceived, COMPLAINANT, "counter_notice_received", duty="news"),
    Row(CounterNoticeLapsed, COMPLAINANT, "counter_notice_lapsed", duty="news"),
    Row(CounterNoticeLapsed, ACCUSED, "counter_notice_lapsed"),
    Row(CounterNoticeLapsed, "moderators", "counter_notice_lapsed"),
    Row(ExtensionGranted, COMPLAINANT, "extension_granted", duty="news"),
    Row(ExtensionGranted, ACCUSED, "extension_granted", Whom.KNOWING),
    Row(ExtensionRefused, ACCUSED, "extension_refused", Whom.KNOWING),
    Row(CaseResumed, COMPLAINANT, "deadline_moved", Whom.AWAITED),
    Row(CaseResumed, ACCUSED, "deadline_moved", Whom.AWAITED),
    Row(NoteAdded, COMPLAINANT, "note", duty="news"),
    Row(NoteAdded, ACCUSED, "note", Whom.KNOWING, "news"),
    Row(InterimMeasureImposed, ACCUSED, "interim_measure_imposed"),
    Row(InterimMeasureKept, ACCUSED, "interim_measure_kept"),
    Row(InterimMeasureLifted, ACCUSED, "interim_measure_lifted"),
    Row(CaseDecided, COMPLAINANT, "decided"),
    Row(CaseDecided, ACCUSED, "decided"),
    Row(MeasureImposed, COMPLAINANT, "measure_imposed", Whom.MEMBER),
    Row(MeasureImposed, ACCUSED, "measure_imposed", Whom.MEMBER),
    Row(MeasureStarted, ACCUSED, "measure_started", Whom.MEMBER),
    Row(MeasureReversed, COMPLAINANT, "measure_lifted", Whom.MEMBER),
    Row(MeasureReversed, ACCUSED, "measure_lifted", Whom.MEMBER),
    Row(MeasureExpired, COMPLAINANT, "measure_expired", Whom.MEMBER),
    Row(MeasureExpired, ACCUSED, "measure_expired", Whom.MEMBER),
    Row(AppealOpened, COMPLAINANT, "appeal_opened", Whom.APPEALED),
    Row(AppealOpened, ACCUSED, "appeal_opened", Whom.APPEALED),
    Row(AppealOpened, "appeals_officers", "appeal_opened"),
    Row(AppealRejected, COMPLAINANT, "appeal_rejected", Whom.APPELLANT),
    Row(AppealRejected, ACCUSED, "appeal_rejected", Whom.APPELLANT),
    Row(AppealDecided, COMPLAINANT, "appeal_decided", Whom.APPEALED),
    Row(AppealDecided, ACCUSED, "appeal_decided", Whom.APPEALED),
    Row(AppealDecided, "appeals_officers", "appeal_decided"),
    Row(CaseClosed, COMPLAINANT, "closed", duty="news"),
    Row(CaseClosed, ACCUSED, "closed", Whom.KNOWING, "news"),
    Row(CaseReopened, COMPLAINANT, "reopened"),
    Row(CaseReopened, ACCUSED, "reopened", Whom.KNOWING),
)

ROWS_OF: dict[type[Fact], tuple[Row, ...]] = {
    fact: tuple(row for row in TABLE if row.fact is fact) for fact in {row.fact for row in TABLE}
}
