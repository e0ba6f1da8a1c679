"""The facts that follow from a command on a case. Pure: time is given."""

from datetime import datetime
from typing import assert_never

from contracts.case import (
    CaseAdmitted,
    CaseClaimed,
    CaseDeclaredInadmissible,
    CaseFact,
    CaseReleased,
    CaseReopened,
)
from services.moderation.commands import (
    Actor,
    AddNote,
    Admit,
    Approve,
    AskExtension,
    CaseCommand,
    Claim,
    Close,
    Decide,
    DecideAppeal,
    DeclareInadmissible,
    Escalate,
    GrantExtension,
    Hold,
    ImposeInterimMeasure,
    Join,
    KeepInterimMeasure,
    Lapse,
    LapseInformation,
    LiftInterimMeasure,
    Link,
    MarkOutOfCourt,
    OpenAppeal,
    ReceiveAccusedEvidence,
    ReceiveCounterNotice,
    ReceiveEvidence,
    ReceiveInformation,
    RefuseExtension,
    Release,
    Remind,
    Reopen,
    RequestCounterNotice,
    RequestInformation,
    Resume,
    Return,
    Retype,
    Told,
    Withdraw,
)
from services.moderation.decider import answers, appeals, complaints, interim, marks, rulings
from services.moderation.policy import Policy
from services.moderation.state import Case
from services.moderation.transitions import permit


def decide(
    case: Case, command: CaseCommand, *, by: Actor, now: datetime, policy: Policy
) -> list[CaseFact]:
    """The facts that follow from `command`; none when they stand in the case already.

    Raises a subclass of Refused that names the reason when the command is not possible.
    """
    if _is_repeated(case, command):
        return []
    permit(case, type(command), by, now)
    match command:
        case Join():
            return complaints.join(case, command, now, policy)
        case Withdraw():
            return complaints.withdraw(case, command, by, now, policy)
        case ReceiveEvidence():
            return complaints.receive_evidence(command)
        case Retype():
            return complaints.retype(case, command, by, now, policy)
        case Admit():
            admitted = CaseAdmitted(by=by.id, at=now, decide_due_at=policy.decision_due(now))
            # Whoever claimed the case to look at it goes on working on it.
            goes_on = case.lease_of(by.id, now) is not None
            return [admitted, _claimed(by, now, policy)] if goes_on else [admitted]
        case DeclareInadmissible():
            return [
                CaseDeclaredInadmissible(
                    decision_id=rulings.next_id(case),
                    by=by.id,
                    at=now,
                    explanation=command.explanation,
                    appeal_until=policy.appeal_until(now),
                )
            ]
        case Claim():
            return [_claimed(by, now, policy)]
        case Release():
            return [CaseReleased(by=by.id, at=now)]
        case RequestInformation():
            return answers.request_information(case, command, by, now, policy)
        case ReceiveInformation():
            return answers.receive_information(case, command, now, policy)
        case LapseInformation():
            return answers.lapse_information(case, now, policy)
        case RequestCounterNotice():
            return answers.request_counter_notice(case, command, by, now, policy)
        case AskExtension():
            return answers.ask_extension(case, command)
        case GrantExtension():
            return answers.grant_extension(case, command, by, now, policy)
        case RefuseExtension():
            return answers.refuse_extension(command, by, now)
        case Remind():
            return answers.remind(case, command, now)
        case ReceiveCounterNotice():
            return answers.receive(case, command, now, policy)
        case ReceiveAccusedEvidence():
            return answers.receive_evidence(case, command)
        case Lapse():
            return answers.lapse(case, now, policy)
        case ImposeInterimMeasure():
            return interim.impose(case, command, by, now, policy)
        case KeepInterimMeasure():
            return interim.keep(case, command, by, now, policy)
        case LiftInterimMeasure():
            return interim.lift(case, command, by, now)
        case Hold():
            return marks.hold(command, by, now)
        case Resume():
            return marks.resume(case, by, now)
        case Decide():
            return rulings.decided_or_proposed(case, command, by, now, policy)
        case Approve():
            return rulings.approve(case, by, now, policy)
        case Return():
            return rulings.send_back(case, command, by, now, policy)
        case Told():
            return appeals.count_from_telling(case, command, policy)
        case OpenAppeal():
            return appeals.open_or_reject(case, command, by, now, policy)
        case DecideAppeal():
            return appeals.answer(case, command, by, now, policy)
        case Close():
            return appeals.close(case, now)
        case Reopen():
            due = policy.decision_due(now)
            return [CaseReopened(by=by.id, at=now, ground=command.ground, decide_due_at=due)]
        case Escalate():
            return marks.escalate(case, command, by, now)
        case MarkOutOfCourt():
            return marks.mark_out_of_court(case, command, by, now)
        case Link():
            return marks.link(case, command, by, now)
        case AddNote():
            return marks.add_note(case, command, by, now)
        case _:
            assert_never(command)


def _is_repeated(case: Case, command: CaseCommand) -> bool:
    match command:
        case Join():
            return command.complaint_id in case.complaints or command.complaint_id in case.left
        case Withdraw():
            return command.complaint_id in case.left
        case ReceiveCounterNotice():
            return command.response_id in case.responses
        case Link():
            return command.case_id in case.linked
        case _:
            return False


def _claimed(by: Actor, now: datetime, policy: Policy) -> CaseClaimed:
    return CaseClaimed(by=by.id, at=now, until=policy.lease_until(now))
