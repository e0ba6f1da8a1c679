"""Settings of moderation; see `services.runtime.settings`."""

from typing import ClassVar

from pydantic import SecretStr

from services.runtime import settings


class Settings(settings.Settings):
    service: ClassVar[str] = "moderation"
    port: int = 8082
    database_url: str = "sqlite+aiosqlite:///var/data/moderation.sqlite"
    translator_url: str | None = None
    """A server of LibreTranslate's protocol; without one, moderators see the originals alone."""
    translator_key: SecretStr | None = None
