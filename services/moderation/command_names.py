"""What commands on a case are called, for people."""

from collections.abc import Mapping
from typing import Final

from services.runtime.sentences import gettext as _

COMMAND_NAMES: Final[Mapping[str, str]] = {
    "admit": _("Admit"),
    "declare-inadmissible": _("Declare inadmissible"),
    "retype": _("Move to another type"),
    "claim": _("Claim this case"),
    "release": _("Give it back"),
    "request-information": _("Ask a complainant"),
    "request-counter-notice": _("Ask the other side to answer"),
    "grant-extension": _("Give more time"),
    "refuse-extension": _("Refuse more time"),
    "impose-interim-measure": _("Impose an interim measure"),
    "keep-interim-measure": _("Keep the interim measure"),
    "lift-interim-measure": _("Lift the interim measure"),
    "hold": _("Put on hold"),
    "resume": _("Resume"),
    "decide": _("Decide"),
    "approve": _("Approve the decision"),
    "return": _("Return the proposal"),
    "decide-appeal": _("Answer the appeal"),
    "reopen": _("Reopen"),
    "escalate": _("Escalate"),
    "mark-out-of-court": _("Mark out of court"),
    "link": _("Link another case"),
    "add-note": _("Write a note"),
}


def called(name: str) -> str:
    """The command's name for people; a command of machines has its code alone."""
    return COMMAND_NAMES.get(name, name)
