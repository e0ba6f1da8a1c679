"""Settings under which one machine may file as much as it can."""

from typing import Final

UNLIMITED: Final = {
    "REDRESS_FILING_LIMIT_GUEST": "",
    "REDRESS_FILING_LIMIT_MEMBER": "",
    "REDRESS_FILING_LIMIT_NETWORK": "",
}
