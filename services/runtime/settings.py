"""Settings that every service has, read from `REDRESS_*` environment variables."""

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.runtime.pictures import Pictures, origins

F = TypeVar("F")


def read_by(load: Callable[[F], object]) -> AfterValidator:
    """For a setting that names a file: one that `load` cannot read is a wrong setting, and is told
    with the place in the file, before anything starts."""

    def check(file: F) -> F:
        try:
            load(file)
        except ValidationError as error:
            found = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise ValueError(f"{file}: {'; '.join(found)}") from error
        except OSError as error:
            raise ValueError(f"{file}: {error.strerror}") from error
        return file

    return AfterValidator(check)


def _origins(told: object) -> object:
    return origins(told) if isinstance(told, str) else told


class Settings(BaseSettings):
    """Each service subclasses this and names itself in `service`.

    `public_url` is the one origin that people see, without a trailing slash. `secret_key` signs
    sessions, tokens and links: the same in every service, at least 32 characters. `nats_url` names
    the log's server, or those of its cluster with commas between them. `picture_origins` are the
    origins, parted by spaces, from which pictures of listings may be shown beside ours.
    """

    model_config = SettingsConfigDict(env_prefix="REDRESS_", extra="ignore")
    service: ClassVar[str]
    speaks_websocket: ClassVar[bool] = False

    host: str = "127.0.0.1"
    port: int
    nats_url: str = "nats://127.0.0.1:4222"
    nats_user: str | None = None
    nats_password: SecretStr | None = None
    database_url: str
    public_url: str = "http://127.0.0.1:8080"
    internal_marketplace_url: str | None = None
    secret_key: SecretStr
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    replicas: Annotated[Literal[1, 3], BeforeValidator(int)] = 1
    picture_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)] = ()
    niceness: int = 0
    """Added to the process's own: work that nobody waits for gives way to work that people do."""

    @property
    def pictures(self) -> Pictures:
        return Pictures(self.public_url, self.picture_origins)

    @property
    def nats_servers(self) -> list[str]:
        return self.nats_url.split(",")

    @property
    def marketplace_url(self) -> str:
        """Where services reach the marketplace, which people reach by the public origin."""
        return (self.internal_marketplace_url or self.public_url).rstrip("/")
