"""Forms with files, read without ever keeping more of a file than is allowed.

What goes beyond its limit is read and dropped, because a browser shows the answer only after it
has sent everything; the file's name and size stay, so that the refusal can name them.
"""

from contextlib import aclosing
from typing import Any, Final

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from services.intake.evidence_kinds import FILE_LIMIT, HEAD, limit_of
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _

FIELD_LIMIT: Final = 400_000
"""Bytes of a text field: more than its characters, however encoded, so that those are counted."""
FIELDS_AT_MOST: Final = 50
FILES_READ: Final = 20
"""More files than are taken, so that who sends six is told so beside the field."""


class FormRequest(Request):
    """The same request, with a form whose files keep to the limits of evidence."""

    _read: FormData | None = None

    async def form(self, **_limits: Any) -> FormData:  # type: ignore[override]
        """The form, read once. Files carry the size that was sent, kept or not.

        Raises Invalid for a body that is no form.
        """
        if self._read is None:
            if self.headers.get("content-type", "").lower().startswith("multipart/form-data"):
                self._read = await self._multipart()
            else:
                self._read = FormData(await super().form(max_files=0, max_part_size=FIELD_LIMIT))
        return self._read

    async def _multipart(self) -> FormData:
        try:
            async with aclosing(self.stream()) as stream:
                parser = _Parser(
                    self.headers,
                    stream,
                    max_files=FILES_READ,
                    max_fields=FIELDS_AT_MOST,
                    max_part_size=FIELD_LIMIT,
                )
                return await parser.parse()
        except MultiPartException as error:
            raise Invalid([{"field": "body", "message": _sentence(error)}]) from None


def files_of(form: FormData, field: str) -> list[UploadFile]:
    """The files that were chosen. (A browser sends an empty, nameless one where none was.)"""
    files = (each for each in form.getlist(field) if isinstance(each, UploadFile))
    return [each for each in files if each.filename or each.size]


def _sentence(error: MultiPartException) -> str:
    return _("The form could not be read: %(why)s.") % {"why": error.message.rstrip(".")}


class _Parser(MultiPartParser):
    """Starlette's parser, which spools to disk, but lets go of a file once it is too large."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head = bytearray()
        self._sent: dict[UploadFile, int] = {}

    def on_part_begin(self) -> None:
        super().on_part_begin()
        self._head.clear()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        file = self._current_part.file
        if file is not None:
            kept = self._sent.get(file, 0)
            sent = self._sent[file] = kept + end - start
            self._head += data[start : min(end, start + HEAD - len(self._head))]
            if sent > FILE_LIMIT:
                end = min(end, start + max(0, limit_of(bytes(self._head)) - kept))
        super().on_part_data(data, start, end)

    async def parse(self) -> FormData:
        form = await super().parse()
        for file, sent in self._sent.items():
            file.size = sent
        return form
