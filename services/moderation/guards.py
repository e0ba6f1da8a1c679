"""What else a command needs of a case, beside its state and its lease: one refusal each.

Pure. `None` means that nothing stands against it.
"""

from datetime import datetime

from services.moderation.commands import Actor
from services.moderation.refusals import (
    AccusedUnknown,
    NoSuchMeasure,
    NotExtendable,
    NothingWasAsked,
    NotOnHold,
    OnHold,
    OwnProposal,
    TookPart,
)
from services.moderation.state import Case
from services.runtime.problems import Refused
from services.runtime.sentences import gettext as _


def accused_known(case: Case, by: Actor, now: datetime) -> Refused | None:
    if case.accused is not None:
        return None
    return AccusedUnknown(
        _(
            "The marketplace's catalogue does not know who sells this product, so nobody can be "
            "asked. The case can be decided without a counter-notice."
        )
    )


def accused_was_asked(case: Case, by: Actor, now: datetime) -> Refused | None:
    if case.answer_due_at is not None:
        return None
    return NothingWasAsked(_("Nobody was asked for a counter-notice on this case."))


def more_time_possible(case: Case, by: Actor, now: datetime) -> Refused | None:
    if case.extension == "granted":
        return NotExtendable(_("The accused got more time once, and once is all the policy gives."))
    if case.answer_due_at is not None and case.is_late(now):
        return NotExtendable(_("The deadline has passed already."))
    return None


def more_time_was_asked(case: Case, by: Actor, now: datetime) -> Refused | None:
    if case.extension == "asked":
        return None
    return NotExtendable(_("Nobody asks for more time."))


def interim_in_force(case: Case, by: Actor, now: datetime) -> Refused | None:
    return None if case.interim else NoSuchMeasure(_("No interim measure is in force."))


def not_yet_held(case: Case, by: Actor, now: datetime) -> Refused | None:
    if case.held_since is None:
        return None
    return OnHold(_("The case has been on hold since %(since)s.") % {"since": case.held_since})


def held(case: Case, by: Actor, now: datetime) -> Refused | None:
    return None if case.held_since is not None else NotOnHold(_("The clocks of this case run."))


def not_own_proposal(case: Case, by: Actor, now: datetime) -> Refused | None:
    if case.proposal is None or case.proposal.by != by.id:
        return None
    return OwnProposal(
        _("You proposed this decision yourself: another senior moderator reviews it.")
    )


def appeal_to_hear(case: Case, by: Actor, now: datetime) -> Refused | None:
    if any(by.id not in appeal.barred for appeal in case.appeals):
        return None
    return TookPart(
        _("You took part in this case before the appeal. Somebody who did not has to hear it.")
    )
