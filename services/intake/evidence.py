"""Taking evidence: recognised, cleaned, hashed and stored."""

import hashlib
from typing import BinaryIO, Self

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import UploadFile

from contracts.ids import new_id
from contracts.parties import Evidence
from services.intake.evidence_kinds import (
    ACCEPTED_SENTENCE,
    FILE_LIMIT,
    HEAD,
    MEGABYTE,
    VIDEO_LIMIT,
    Kind,
    flaw_of,
    kind_of,
    limit_of,
    looks_like,
    safe_name,
    shown_name,
)
from services.intake.pictures import NotAPicture, clean
from services.runtime.clock import Clock
from services.runtime.evidence import EvidenceStore
from services.runtime.problems import Refused, TooLarge

CHUNK = 1 << 20
PICTURES_AT_ONCE = 2
"""Decoded pictures are large: 200 MB each at worst."""


class NotTaken(Refused):
    status = 415
    title = "This file cannot be taken as evidence"

    @classmethod
    def because(cls, sentence: str) -> Self:
        return cls(sentence, errors=[{"field": "file", "message": sentence}])


class FileTooLarge(TooLarge):
    title = "This file is too large"

    @classmethod
    def about(cls, name: str, size: int) -> Self:
        sentence = (
            f"{name} has {size / MEGABYTE:.1f} MB. A file may have at most "
            f"{FILE_LIMIT // MEGABYTE} MB, a video {VIDEO_LIMIT // MEGABYTE} MB."
        )
        return cls(sentence, errors=[{"field": "file", "message": sentence}])


class EvidenceDesk:
    """Takes uploaded files into the store."""

    def __init__(self, store: EvidenceStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._limiter = CapacityLimiter(PICTURES_AT_ONCE)

    async def take(self, upload: UploadFile, *, by: str) -> Evidence:
        """The evidence made of an uploaded file; `by` is the actor who sent it.

        Raises FileTooLarge, NotTaken with a sentence that names the file, or Unavailable.
        """
        kind, content = await to_thread.run_sync(_examine, upload, limiter=self._limiter)
        size, sha256 = await to_thread.run_sync(_measure, content, limiter=self._limiter)
        evidence = Evidence(
            id=new_id(),
            name=safe_name(upload.filename or "", kind),
            media_type=kind.media_type,
            size=size,
            sha256=sha256,
            uploaded_at=self._clock(),
            uploaded_by=by,
        )
        await self._store.put(content, evidence)
        return evidence


def _examine(upload: UploadFile) -> tuple[Kind, BinaryIO]:
    name = shown_name(upload.filename or "") or "This file"
    file = upload.file
    file.seek(0)
    head = file.read(HEAD)
    if not head:
        raise NotTaken.because(f"{name} is empty.")
    if (upload.size or 0) > limit_of(head):
        raise FileTooLarge.about(name, upload.size or 0)
    kind = kind_of(head)
    if kind is None:
        known = looks_like(head)
        raise NotTaken.because(
            f"{name} looks like this: {known}. {ACCEPTED_SENTENCE}"
            if known
            else f"{name} is of a kind that is not known here. {ACCEPTED_SENTENCE}"
        )
    return kind, _content(file, kind, name)


def _content(file: BinaryIO, kind: Kind, name: str) -> BinaryIO:
    if kind.role == "picture":
        try:
            return clean(file, kind)
        except NotAPicture as error:
            raise NotTaken.because(f"{name}: {error}") from error
    if flaw := flaw_of(file, kind):
        raise NotTaken.because(f"{name}: {flaw}")
    return file


def _measure(content: BinaryIO) -> tuple[int, str]:
    content.seek(0)
    digest = hashlib.sha256()
    while chunk := content.read(CHUNK):
        digest.update(chunk)
    return content.tell(), digest.hexdigest()
