"""What the routes of intake have in common: how their bodies are documented."""

from typing import Any, Final

from pydantic import BaseModel


def documented(model: type[BaseModel], *, keyed: bool = True) -> dict[str, Any]:
    """The OpenAPI of a route that reads `model` from its body; `keyed`: it can be repeated."""
    schema = model.model_json_schema()
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
    return body | _KEY_HEADER if keyed else body


_KEY_HEADER: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "Chosen by the client: a request repeated with it is carried out once.",
            "schema": {"type": "string", "maxLength": 200},
        }
    ]
}

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {
        "description": "Refused, with the reason (RFC 9457); 422 lists `errors` by field.",
        "content": {"application/problem+json": {"schema": {"type": "object"}}},
    }
}
