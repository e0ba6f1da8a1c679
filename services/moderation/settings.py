"""Settings of moderation; see `services.runtime.settings`."""

from typing import ClassVar

from services.runtime import settings


class Settings(settings.Settings):
    service: ClassVar[str] = "moderation"
    port: int = 8082
    database_url: str = "sqlite+aiosqlite:///var/data/moderation.sqlite"
