"""Settings of moderation; see `services.runtime.settings`."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import SecretStr

from services.moderation.policy import DATA as SHIPPED_POLICY
from services.moderation.policy import policy as policy_in
from services.runtime import settings


class Settings(settings.Settings):
    service: ClassVar[str] = "moderation"
    port: int = 8082
    database_url: str = "sqlite+aiosqlite:///var/data/moderation.sqlite"
    policy: Annotated[Path, settings.read_by(policy_in)] = SHIPPED_POLICY
    """The marketplace's rules, lengths, calendar, trusted flaggers and sanctions: a file like
    `services/moderation/data/policy.json`, with a `version` of its own."""
    translator_url: str | None = None
    """A server of LibreTranslate's protocol; without one, moderators see the originals alone."""
    translator_key: SecretStr | None = None

    webhook_url: str | None = None
    webhook_secret: SecretStr | None = None
    """Where the marketplace hears of decisions and measures, and the secret (`whsec_…`) that signs
    them, as standardwebhooks.com has it. Without both, no webhooks are sent."""

    transparency_url: str | None = None
    transparency_token: SecretStr | None = None
    """The Transparency Database, e.g. `https://transparency.dsa.ec.europa.eu`, and its token."""
    transparency_folder: Path | None = None
    """Without a database: the folder into which its records are written, in batches."""
