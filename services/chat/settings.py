"""Settings of the chat."""

from pathlib import Path
from typing import ClassVar

from services.chat import schedule
from services.runtime import settings


class Settings(settings.Settings):
    """`schedules` is the file of operators' hours by language. The services beside this one are
    asked over HTTP, for help articles and for the state of a customer's own complaints."""

    service: ClassVar[str] = "chat"
    port: int = 8104
    schedules: Path = schedule.DATA
    intake_url: str = "http://127.0.0.1:8101"
    moderation_url: str = "http://127.0.0.1:8102"
