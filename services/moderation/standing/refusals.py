"""Why a command on a member's record is turned down."""

from services.runtime.problems import Refused
from services.runtime.sentences import gettext as _


class MeasureUnknown(Refused):
    status = 404
    title = _("There is no such measure")


class NotProposed(Refused):
    title = _("The measure was decided on already")


class NotInForce(Refused):
    title = _("The measure is not in force")
