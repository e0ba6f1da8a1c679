"""What the timeline calls each fact of a case."""

from contracts import case
from contracts.case import CaseFact

KINDS: dict[type[CaseFact], str] = {
    case.CaseAdmitted: "admitted",
    case.CaseDeclaredInadmissible: "inadmissible",
    case.CaseClaimed: "claimed",
    case.CaseReleased: "released",
    case.CounterNoticeRequested: "counter_notice_requested",
    case.CounterNoticeReceived: "counter_notice_received",
    case.CounterNoticeLapsed: "counter_notice_lapsed",
    case.CounterNoticeReminded: "counter_notice_reminded",
    case.ExtensionAsked: "extension_asked",
    case.ExtensionGranted: "extension_granted",
    case.ExtensionRefused: "extension_refused",
    case.AccusedEvidenceReceived: "accused_evidence_received",
    case.InformationRequested: "information_requested",
    case.InformationReceived: "information_received",
    case.InformationLapsed: "information_lapsed",
    case.ComplaintEvidenceAdded: "evidence_added",
    case.ComplaintLeft: "complaint_left",
    case.CaseWithdrawn: "withdrawn",
    case.CaseRetyped: "retyped",
    case.CaseLinked: "linked",
    case.CaseEscalated: "escalated",
    case.OutOfCourtMarked: "out_of_court",
    case.CaseHeld: "held",
    case.CaseResumed: "resumed",
    case.NoteAdded: "note_added",
    case.InterimMeasureImposed: "interim_measure_imposed",
    case.InterimMeasureKept: "interim_measure_kept",
    case.InterimMeasureLifted: "interim_measure_lifted",
    case.DecisionProposed: "decision_proposed",
    case.DecisionReturned: "decision_returned",
    case.CaseDecided: "decided",
    case.AppealOpened: "appeal_opened",
    case.AppealRejected: "appeal_rejected",
    case.AppealDecided: "appeal_decided",
    case.CaseReopened: "reopened",
    case.CaseClosed: "closed",
}
"""The facts that make a row in the timeline. Opening and joining are told by their own rows."""
