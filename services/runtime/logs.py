"""Logs: one JSON object a line in production, coloured lines for people; never personal data."""

import logging
import re
import sys
from typing import Any

import structlog


def configure(*, service: str, level: str, style: str) -> None:
    """Sends structlog and the standard library's loggers through the same processors."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer() if style == "json" else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _named(service),
                _without_tokens,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore", "aiosqlite", "asyncio", "mail.log", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


_TOKEN = re.compile(r"(\btoken=)[^&\s\"']+")


def _without_tokens(_logger: Any, _method: str, event: Any) -> Any:
    """Servers log the addresses of sockets, and whoever has a link's token may act in its name."""
    event["event"] = _TOKEN.sub(r"\1…", str(event.get("event", "")))
    return event


def _named(service: str) -> Any:
    def add(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        event["service"] = service
        return event

    return add
