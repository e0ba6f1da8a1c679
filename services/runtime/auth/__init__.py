"""Who acts: principals, bearer tokens, browser sessions, signed links and form tokens.

A composition root makes one `Auth` and calls `install(app, auth)`. Handlers ask `current`,
`Viewer` or `require`; pages put `csrf_token(request)` in their forms and routes that change
something depend on `verify_csrf`.
"""

from services.runtime.auth.core import Auth
from services.runtime.auth.links import Link
from services.runtime.auth.paths import same_origin_path
from services.runtime.auth.principal import Principal, Role, from_identity, guest_id, known_roles
from services.runtime.auth.refusals import (
    CsrfRefused,
    InvalidToken,
    LinkRefused,
    RoleRequired,
    ScopeRequired,
    SignInRequired,
)
from services.runtime.auth.requests import (
    Viewer,
    auth_of,
    csrf_token,
    current,
    install,
    page_of,
    require,
    verify_csrf,
)

__all__ = [
    "Auth",
    "CsrfRefused",
    "InvalidToken",
    "Link",
    "LinkRefused",
    "Principal",
    "Role",
    "RoleRequired",
    "ScopeRequired",
    "SignInRequired",
    "Viewer",
    "auth_of",
    "csrf_token",
    "current",
    "from_identity",
    "guest_id",
    "install",
    "known_roles",
    "page_of",
    "require",
    "same_origin_path",
    "verify_csrf",
]
