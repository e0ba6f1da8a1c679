"""Why a command on a case is turned down. Each refusal names itself to its sender."""

from services.runtime.problems import Refused


class NotInThisState(Refused):
    """Carries `state` and `allowed`, the commands that are possible in it."""

    title = "The case is in another state"


class AlreadyDecided(Refused):
    title = "The case is decided already"


class ClaimedBySomeoneElse(Refused):
    """Carries `holder` and `until`."""

    title = "Somebody else is working on the case"


class NotClaimed(Refused):
    title = "Claim the case first"


class LeaseExpired(Refused):
    """The ten minutes of the actor's own claim are over."""

    title = "Your claim has run out"


class AccusedUnknown(Refused):
    title = "The member complained about is not known"


class NothingWasAsked(Refused):
    title = "No counter-notice was asked for"


class NotDueYet(Refused):
    """The clock came too early. Carries `due_at`."""

    title = "The deadline has not passed"
