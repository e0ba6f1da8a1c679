"""What the routes have in common: versions as ETags, parameters, downloads, problem details."""

from mimetypes import guess_extension
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import quote

from fastapi import Depends, Header, Path, Query, Response
from fastapi.responses import StreamingResponse

from services.runtime.evidence import EvidenceStore
from services.runtime.problems import Invalid
from services.runtime.ranges import cut, part_of
from services.runtime.sentences import gettext as _

CaseId = Annotated[str, Path(description="The case's id.")]
ComplaintId = Annotated[str, Path(description="The complaint's id.")]
EvidenceId = Annotated[str, Path(description="The file's id.")]
After = Annotated[
    int | None,
    Query(
        ge=0,
        description="Waits until the log is worked in up to this `sequence`, at most 5 seconds.",
    ),
]
Cursor = Annotated[str | None, Query(description="The `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200)]
Token = Annotated[
    str | None, Query(description="A guest's token, from the receipt or the link in a mail.")
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The version (ETag) that the sender saw; 412 when it has changed since.",
    ),
]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="A command repeated with the same key is carried out once.",
    ),
]

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {
        "description": "Refused, with the reason (RFC 9457).",
        "content": {
            "application/problem+json": {
                "example": {
                    "type": "urn:redress:problem:claimed-by-someone-else",
                    "title": "Somebody else is working on the case",
                    "status": 409,
                    "detail": "mia is working on this case until 09:10 UTC.",
                    "instance": "/api/v1/moderation/cases/5f0c/decide",
                    "holder": "mia",
                    "until": "2026-11-23T09:10:00+00:00",
                }
            }
        },
    }
}

_NO_SCRIPTS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
}


class _Part(NamedTuple):
    """The part of a file that is asked for; of the file called `same`, where that is said."""

    header: str | None
    same: str | None


def _part(
    wanted: Annotated[
        str | None,
        Header(alias="Range", description="A part of the file, such as `bytes=0-99`."),
    ] = None,
    same: Annotated[str | None, Header(alias="If-Range", include_in_schema=False)] = None,
) -> _Part:
    return _Part(wanted, same)


Part = Annotated[_Part, Depends(_part)]


def tagged(response: Response, version: int) -> None:
    """Tells the version; what a reader sees is never shared by caches."""
    response.headers["ETag"] = f'"{version}"'
    response.headers["Cache-Control"] = "private, no-cache"


def version_in(if_match: str | None) -> int | None:
    """The version of an `If-Match` header; None for a missing one or `*`. Raises Invalid."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = if_match.strip().removeprefix("W/").strip('"')
    if not (tag.isascii() and tag.isdigit()):
        raise Invalid([{"field": "If-Match", "message": _("This is not a version of a case.")}])
    return int(tag)


async def download(
    evidence: EvidenceStore, evidence_id: str, part: Part, *, name: str | None = None
) -> StreamingResponse:
    """The file or a part of it, to be saved and not opened: its content is somebody else's.

    With `name`, it is called so, with the ending of its kind, and not as its uploader called it.
    """
    file, chunks = await evidence.get(evidence_id)
    ending = guess_extension(file.media_type) or ""
    called = file.name if name is None else f"{name}-{evidence_id[:6]}{ending}"
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(called, safe='')}",
        "Content-Length": str(file.size),
        "ETag": f'"{file.sha256}"',
        "Accept-Ranges": "bytes",
        **_NO_SCRIPTS,
    }
    wanted = part_of(part.header, file.size) if part.same in (None, headers["ETag"]) else None
    if wanted is not None:
        headers["Content-Length"] = str(len(wanted))
        headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{file.size}"
        return StreamingResponse(
            cut(chunks, wanted), 206, media_type=file.media_type, headers=headers
        )
    return StreamingResponse(chunks, media_type=file.media_type, headers=headers)
