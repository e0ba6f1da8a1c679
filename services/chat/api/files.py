"""Files that were sent in a chat, to be saved or shown; their content is somebody else's."""

from collections.abc import Iterable
from urllib.parse import quote

from fastapi.responses import StreamingResponse

from contracts.chat import MessagePosted
from contracts.codec import Message
from services.runtime.evidence import EvidenceStore
from services.runtime.problems import NotFound
from services.runtime.sentences import gettext as _


async def download(
    evidence: EvidenceStore, messages: Iterable[Message], evidence_id: str
) -> StreamingResponse:
    """Raises NotFound for a file that was not sent in these messages."""
    sent = {
        file.id
        for message in messages
        for fact in message.facts
        if isinstance(fact, MessagePosted)
        for file in fact.attachments
    }
    if evidence_id not in sent:
        raise NotFound(_("There is no such file in this chat."))
    file, chunks = await evidence.get(evidence_id)
    picture = file.media_type.startswith("image/")
    how = "inline" if picture else "attachment"
    headers = {
        "Content-Disposition": f"{how}; filename*=UTF-8''{quote(file.name, safe='')}",
        "Content-Length": str(file.size),
        "ETag": f'"{file.sha256}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=3600",
    }
    return StreamingResponse(chunks, media_type=file.media_type, headers=headers)
