"""Why a command on a member's record is turned down."""

from services.runtime.problems import Refused


class MeasureUnknown(Refused):
    status = 404
    title = "There is no such measure"


class NotProposed(Refused):
    title = "The measure was decided on already"


class NotInForce(Refused):
    title = "The measure is not in force"
