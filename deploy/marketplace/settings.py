"""Settings of the demo marketplace, read from the environment."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """`REDRESS_MARKETPLACE_HOST`, `REDRESS_MARKETPLACE_PORT`, and what all services share.

    `data` is the folder that keeps the provider's signing key, so that a restart signs nobody out.
    """

    model_config = SettingsConfigDict(env_prefix="REDRESS_", extra="ignore")

    marketplace_host: str = "127.0.0.1"
    marketplace_port: int = 8090
    public_url: str = "http://127.0.0.1:8080"
    data: Path = Path("var")
    embed_secret: SecretStr | None = None
    """Signs who is signed in, for the support chat on the product pages."""

    @property
    def origin(self) -> str:
        """The one origin that browsers see, without a trailing slash."""
        return self.public_url.rstrip("/")
