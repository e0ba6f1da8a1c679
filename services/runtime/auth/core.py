"""Everything that signs, made once per process from the one secret."""

from services.runtime.auth.csrf import Csrf
from services.runtime.auth.keys import subkey
from services.runtime.auth.links import Links
from services.runtime.auth.sessions import Sessions
from services.runtime.auth.tokens import Tokens
from services.runtime.clock import Clock
from services.runtime.settings import Settings


class Auth:
    """Tokens, sessions, links and form tokens of one deployment, each with its own key.

    Raises ValueError for a secret of fewer than 32 characters.
    """

    def __init__(self, *, secret_key: str, public_url: str, clock: Clock) -> None:
        self.clock = clock
        self.public_url = public_url.rstrip("/")
        self.secure = self.public_url.startswith("https://")
        self.tokens = self._tokens("api", secret_key, clock)
        self.sessions = Sessions(self._tokens("session", secret_key, clock), secure=self.secure)
        self.links = Links(subkey(secret_key, "link"), clock)
        self.csrf = Csrf(subkey(secret_key, "csrf"), secure=self.secure)
        self.sign_in_key = subkey(secret_key, "sign-in")

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> "Auth":
        return cls(
            secret_key=settings.secret_key.get_secret_value(),
            public_url=settings.public_url,
            clock=clock,
        )

    def _tokens(self, audience: str, secret: str, clock: Clock) -> Tokens:
        return Tokens(
            subkey(secret, audience),
            issuer=self.public_url,
            audience=f"redress:{audience}",
            clock=clock,
        )
