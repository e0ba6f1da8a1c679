"""Taking evidence: recognised, cleaned, hashed and stored."""

import hashlib
from typing import BinaryIO, Self

import structlog
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
from services.intake.pictures import NotAPicture, clean_apart
from services.intake.scanning import Scanner
from services.runtime.clock import Clock
from services.runtime.evidence import EvidenceStore
from services.runtime.problems import Refused, TooLarge
from services.runtime.sentences import gettext as _
from services.runtime.sentences import joined

log = structlog.get_logger(__name__)

CHUNK = 1 << 20
PICTURES_AT_ONCE = 2
"""Decoded pictures are large: 200 MB each at worst."""


class NotTaken(Refused):
    status = 415
    title = _("This file cannot be taken as evidence")

    @classmethod
    def because(cls, sentence: str) -> Self:
        return cls(sentence, errors=[{"field": "file", "message": sentence}])


class FileTooLarge(TooLarge):
    title = _("This file is too large")

    @classmethod
    def about(cls, name: str, size: int) -> Self:
        sentence = _(
            "%(name)s has %(size)s MB. A file may have at most %(file)s MB, a video %(video)s MB."
        ) % {
            "name": name,
            # Never “10 MB, at most 10 MB”.
            "size": max(round(size / MEGABYTE, 1), FILE_LIMIT / MEGABYTE + 0.1),
            "file": FILE_LIMIT // MEGABYTE,
            "video": VIDEO_LIMIT // MEGABYTE,
        }
        return cls(sentence, errors=[{"field": "file", "message": sentence}])


class Infected(NotTaken):
    title = _("The virus scanner stopped this file")


class EvidenceDesk:
    """Takes uploaded files into the store; `scanner` looks at them as they were sent."""

    def __init__(self, store: EvidenceStore, *, scanner: Scanner | None, clock: Clock) -> None:
        self._store = store
        self._scanner = scanner
        self._clock = clock
        self._limiter = CapacityLimiter(PICTURES_AT_ONCE)

    async def take(self, upload: UploadFile, *, by: str) -> Evidence:
        """The evidence made of an uploaded file; `by` is the actor who sent it.

        Raises FileTooLarge, NotTaken or Infected with a sentence that names the file, or
        Unavailable when the store or the scanner is away.
        """
        name = shown_name(upload.filename or "") or _("This file")
        sent_as = await to_thread.run_sync(_recognise, upload, name)
        await self._scan(upload, name, by=by)
        content = await self._content(upload.file, sent_as, name)
        kind = sent_as.becomes or sent_as
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

    async def _content(self, file: BinaryIO, kind: Kind, name: str) -> BinaryIO:
        if kind.role == "picture":
            try:
                return await clean_apart(file, kind, limiter=self._limiter)
            except NotAPicture as error:
                log.info("evidence.no_picture", flaw=error.flaw, kind=kind.media_type)
                raise NotTaken.because(joined([name, error.args[0]], ": ")) from error
        if flaw := await to_thread.run_sync(flaw_of, file, kind, limiter=self._limiter):
            raise NotTaken.because(joined([name, flaw], ": "))
        return file

    async def _scan(self, upload: UploadFile, name: str, *, by: str) -> None:
        if self._scanner is None:
            return
        found = await self._scanner.scan(upload.file)
        if found is not None:
            log.warning("evidence.infected", found=found, by=by, size=upload.size)
            raise Infected.because(
                _(
                    "%(name)s was not taken: the virus scanner found “%(found)s” in it. Send a "
                    "clean copy, or a screenshot of what it shows."
                )
                % {"name": name, "found": found}
            )


def _recognise(upload: UploadFile, name: str) -> Kind:
    file = upload.file
    file.seek(0)
    head = file.read(HEAD)
    if not head:
        raise NotTaken.because(_("%(name)s is empty.") % {"name": name})
    if (upload.size or 0) > limit_of(head):
        raise FileTooLarge.about(name, upload.size or 0)
    kind = kind_of(head)
    if kind is None:
        known = looks_like(head)
        told = (
            _("%(name)s looks like this: %(known)s.") % {"name": name, "known": known}
            if known
            else _("%(name)s is of a kind that is not known here.") % {"name": name}
        )
        raise NotTaken.because(joined([told, ACCEPTED_SENTENCE], " "))
    return kind


def _measure(content: BinaryIO) -> tuple[int, str]:
    content.seek(0)
    digest = hashlib.sha256()
    while chunk := content.read(CHUNK):
        digest.update(chunk)
    return content.tell(), digest.hexdigest()
