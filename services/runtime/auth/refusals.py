"""How identity is refused. Each is a problem document of its own (`services.runtime.problems`)."""

from services.runtime.problems import Forbidden, Unauthenticated
from services.runtime.sentences import gettext as _


class SignInRequired(Unauthenticated):
    title = _("Sign in first")


class InvalidToken(Unauthenticated):
    """The credential in the `Authorization` header does not hold (RFC 6750, 3.1)."""

    title = _("The bearer token is not valid")


class LinkRefused(Forbidden):
    title = _("The link is not valid, or no longer")


class RoleRequired(Forbidden):
    title = _("This needs another role")


class ScopeRequired(Forbidden):
    """The token's role may do this, the token may not (RFC 6750, 3.1). `scope` is what it lacks."""

    title = _("The token does not reach this far")

    @property
    def headers(self) -> dict[str, str]:
        scope = f', scope="{self.extra["scope"]}"' if "scope" in self.extra else ""
        return {"WWW-Authenticate": f'Bearer realm="redress", error="insufficient_scope"{scope}'}


class CsrfRefused(Forbidden):
    """A form came without the token of the page that it was on."""

    title = _("The form could not be matched to your browser")
