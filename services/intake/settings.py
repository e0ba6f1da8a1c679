"""Settings of intake; see `services.runtime.settings`."""

from typing import Annotated, ClassVar

from services.intake import profile
from services.runtime import settings


class Settings(settings.Settings):
    service: ClassVar[str] = "intake"
    port: int = 8081
    database_url: str = "sqlite+aiosqlite:///var/data/intake.sqlite"
    marketplace_profile: Annotated[str, settings.read_by(profile.load)] = "demo"
    """Of which form the marketplace's links are, and where its disputes are opened: `aliexpress`,
    `demo`, or the path of a file like those in `services/intake/data`."""
    clamd: str = ""
    """`host:port` of a clamd that looks at every file before it is taken; empty: none does."""
    filing_limit_guest: str = "10 per hour; 30 per day"
    """How many complaints are taken from one guest's e-mail address, as the package `limits` writes
    it; an empty text is no limit. Counted in each process."""
    filing_limit_member: str = "30 per hour; 100 per day"
    filing_limit_network: str = "1000 per hour"
    """From one IPv4 address or one /64 of IPv6, as the gateway sees it."""
    repeated_complaint_minutes: int = 10
    """The same complaint of the same person within this time is answered with the first receipt."""
