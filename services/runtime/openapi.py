"""What the OpenAPI document says beyond what FastAPI knows: which scope each call needs."""

from typing import Any

from fastapi import FastAPI

from services.runtime.auth.scopes import SCOPES, scope_of

SCHEME = "HTTPBearer"

_BEARER = (
    "A JWT, or a guest's link token. A token may carry scopes, parted by blanks in its claim "
    "`scope` (RFC 9068): it then reaches only the calls whose scope it has; a missing one is a "
    "403 problem, `urn:redress:problem:scope-required`, whose member `scope` names it. A token "
    "without scopes may do whatever its roles may.\n\n| scope | |\n|---|---|\n"
)


def document_scopes(app: FastAPI) -> None:
    """Has `app` name the scope of each call in its OpenAPI document."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            with_scopes(made())
        return made()

    app.openapi = openapi  # type: ignore[method-assign]


def with_scopes(document: dict[str, Any]) -> None:
    """Writes the scopes into an OpenAPI document."""
    used = set()
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            scope = scope_of(method.upper(), path)
            if scope is None:
                continue
            used.add(scope)
            asks = {SCHEME: [scope]}
            # What documents no security takes a token, and also does without.
            operation["security"] = [asks] if "security" in operation else [{}, asks]
            said = operation.get("description", "")
            operation["description"] = f"{said}\n\nScope: `{scope}`".strip()
    if used:
        schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
        lines = "\n".join(f"| `{name}` | {SCOPES[name]} |" for name in SCOPES if name in used)
        schemes[SCHEME] = {"type": "http", "scheme": "bearer", "description": _BEARER + lines}
