"""Settings of the chat."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import SecretStr

from services.chat import schedule
from services.runtime import settings


class Settings(settings.Settings):
    """`schedules` is the file of operators' hours by language. The services beside this one are
    asked over HTTP, for help articles and for the state of a customer's own complaints."""

    service: ClassVar[str] = "chat"
    speaks_websocket: ClassVar[bool] = True
    port: int = 8104
    schedules: Annotated[Path, settings.read_by(schedule.Schedules.load)] = schedule.DATA
    intake_url: str = "http://127.0.0.1:8101"
    moderation_url: str = "http://127.0.0.1:8102"
    assistant_url: str | None = None
    """Base of an endpoint that speaks OpenAI's chat protocol; without it articles are only shown.
    It gets customers' questions: know who runs it."""
    assistant_model: str = "default"
    assistant_key: SecretStr | None = None
    embed_origins: str = ""
    """Origins, parted by spaces, whose pages may show the chat's window (`/chat/embed.js`)."""
    embed_secret: SecretStr | None = None
    """What those sites sign the identity of their members with; see `web.embedding`."""
    translator_url: str | None = None
    """A server that speaks LibreTranslate's protocol; without it messages stay as written."""
    translator_key: SecretStr | None = None
