"""Who is signed in here, as the support chat on the product pages is told: signed."""

from datetime import timedelta
from typing import Final

from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import SecretStr
from starlette.responses import Response

from deploy.marketplace.people import Person
from services.runtime.clock import Clock

COOKIE: Final = "marketplace_identity"
LIFETIME: Final = timedelta(hours=12)
_PATH: Final = "/marketplace"


class Vouching:
    """Without a secret nobody is vouched for: the chat then takes everybody for a guest."""

    def __init__(self, secret: SecretStr | None, *, clock: Clock) -> None:
        text = secret.get_secret_value() if secret else ""
        self._key = OctKey.import_key(text) if text else None
        self._clock = clock

    def identity(self, person: Person) -> str:
        """What the chat's script is given in `data-identity`."""
        if self._key is None:
            return ""
        claims = {
            "aud": "redress:chat",
            "sub": person.id,
            "name": person.name,
            "email": person.email,
            "locale": person.language,
            "exp": int((self._clock() + LIFETIME).timestamp()),
        }
        return jwt.encode({"alg": "HS256"}, claims, self._key)

    def remember(self, answer: Response, person: Person) -> None:
        """Keeps the one who has just signed in, in their own browser."""
        if identity := self.identity(person):
            most = int(LIFETIME.total_seconds())
            answer.set_cookie(COOKIE, identity, max_age=most, path=_PATH, httponly=True)

    def forget(self, answer: Response) -> None:
        answer.delete_cookie(COOKIE, path=_PATH)
