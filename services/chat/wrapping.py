"""What a chat was about: the codes that operators choose from when it is over."""

from collections.abc import Mapping
from typing import Final

from services.runtime.sentences import gettext as _

CODES: Final[Mapping[str, str]] = {
    "order": _("Order or delivery"),
    "payment": _("Payment or refund"),
    "dispute": _("Dispute"),
    "product": _("Product or seller"),
    "complaint": _("Complaint"),
    "account": _("Account or sign-in"),
    "technical": _("Something does not work"),
    "abuse": _("Abuse or spam"),
    "other": _("Something else"),
}
