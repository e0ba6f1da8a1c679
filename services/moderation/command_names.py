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
}


def called(name: str) -> str:
    """The command's name for people; a command of machines has its code."""
    return COMMAND_NAMES.get(name, name)
