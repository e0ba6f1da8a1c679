"""Settings of intake; see `services.runtime.settings`."""

from typing import ClassVar

from services.runtime import settings


class Settings(settings.Settings):
    service: ClassVar[str] = "intake"
    port: int = 8081
    database_url: str = "sqlite+aiosqlite:///var/data/intake.sqlite"
    marketplace_profile: str = "demo"
    """Of which form the marketplace's links are, and where its disputes are opened: `aliexpress`,
    `demo`, or the path of a file like those in `services/intake/data`."""
    clamd: str = ""
    """`host:port` of a clamd that looks at every file before it is taken; empty: none does."""
