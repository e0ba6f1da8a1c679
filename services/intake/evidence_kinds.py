"""What a file is, from its content: its name and the sender's word for it count for nothing.

Pure, but for reading the file that is given. Rules: `Evidence` in the complaint policy.
"""

import re
import unicodedata
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import BinaryIO, Final, Literal

import puremagic

from services.runtime.sentences import gettext as _

MEGABYTE: Final = 1_000_000
FILE_LIMIT: Final = 10 * MEGABYTE
VIDEO_LIMIT: Final = 50 * MEGABYTE
FILES_AT_MOST: Final = 5

HEAD: Final = 8_192
"""How many bytes from the start of a file tell what it is."""

NAME_LIMIT: Final = 120


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that is taken as evidence. `limit` in bytes; the first of `extensions` is
    given to a file that has none of them. `becomes` is what it is stored as, where that differs."""

    media_type: str
    label: str
    extensions: tuple[str, ...]
    role: Literal["picture", "document", "video"]
    becomes: "Kind | None" = None

    @property
    def limit(self) -> int:
        return VIDEO_LIMIT if self.role == "video" else FILE_LIMIT


JPEG = Kind("image/jpeg", _("JPEG picture"), ("jpg", "jpeg", "jpe", "jfif"), "picture")
PNG = Kind("image/png", _("PNG picture"), ("png",), "picture")
WEBP = Kind("image/webp", _("WebP picture"), ("webp",), "picture")
GIF = Kind("image/gif", _("GIF picture"), ("gif",), "picture")
# Browsers cannot show it, and whoever decides must see it.
HEIC = Kind("image/heic", _("HEIC picture"), ("heic", "heif", "hif"), "picture", becomes=JPEG)
PDF = Kind("application/pdf", _("PDF document"), ("pdf",), "document")
EML = Kind("message/rfc822", _("e-mail"), ("eml",), "document")
MP4 = Kind("video/mp4", _("MP4 video"), ("mp4", "m4v"), "video")
WEBM = Kind("video/webm", _("WebM video"), ("webm",), "video")

KINDS: Final = (JPEG, PNG, WEBP, GIF, HEIC, PDF, EML, MP4, WEBM)
ACCEPTED_SENTENCE: Final = _(
    "Pictures (JPEG, PNG, WebP, GIF, HEIC), PDF, e-mail (.eml) and video (MP4, WebM) are taken."
)

_MP4_BRANDS: Final = re.compile(
    rb"iso[m2-9]|mp4[12v]|avc1|hvc1|hev1|M4V |M4VP|dash|MSNV|XAVC|3gp[4-9]|f4v "
)
_HEIC_BRANDS: Final = re.compile(rb"hei[cxms]|hev[cxms]")
_HEIF_BRANDS: Final = re.compile(rb"mi[af]1|msf1|mif2")
"""Brands of any picture in this container; the compatible ones say whether it is HEIC (ISO/IEC
23008-12, 10)."""
_WEBM: Final = re.compile(rb"\x1a\x45\xdf\xa3.{0,80}?\x42\x82.{1,8}?webm", re.DOTALL)
"""An EBML header (RFC 8794) whose DocType is `webm`."""
_EML_HEADERS: Final = ("date", "received", "message-id", "subject", "to", "mime-version")
_HEADER_LINE: Final = re.compile(rb"(From [^\r\n]*|[!-9;-~]+:[^\r\n]*)\r?\n")


def kind_of(head: bytes) -> Kind | None:
    """The kind of the file that begins with `head` (`HEAD` bytes, or the whole of a short file).

    None when it is not one that is taken. The rest of the file is for `flaw_of` to judge.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return GIF
    if head.startswith(b"%PDF-"):
        return PDF
    if head[4:8] == b"ftyp" and _is_heic(head):
        return HEIC
    if head[4:8] == b"ftyp" and _MP4_BRANDS.fullmatch(head[8:12]):
        return MP4
    if _WEBM.match(head):
        return WEBM
    return EML if _is_mail(head) else None


def _is_heic(head: bytes) -> bool:
    if _HEIC_BRANDS.fullmatch(head[8:12]):
        return True
    end = min(int.from_bytes(head[:4]), len(head))
    compatible = (head[at : at + 4] for at in range(16, end - 3, 4))
    return bool(_HEIF_BRANDS.fullmatch(head[8:12])) and any(map(_HEIC_BRANDS.fullmatch, compatible))


def limit_of(head: bytes) -> int:
    """How many bytes a file that begins with `head` may have, taken or not."""
    kind = kind_of(head)
    return kind.limit if kind else FILE_LIMIT


def _is_mail(head: bytes) -> bool:
    if b"\0" in head or not _HEADER_LINE.match(head):
        return False
    headers = BytesHeaderParser().parsebytes(head)
    return "from" in headers and sum(name in headers for name in _EML_HEADERS) >= 2


def looks_like(head: bytes) -> str | None:
    """A name for what is not taken, e.g. `Windows Executable`, to tell its sender."""
    try:
        guesses = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return None
    return guesses[0].name if guesses[0].confidence >= 0.4 else None


def flaw_of(file: BinaryIO, kind: Kind) -> str | None:
    """A sentence on why a document or video of `kind` cannot be taken, None when nothing is wrong.

    A first look, enough to tell a forged or cut-off file; pictures are decoded whole elsewhere.
    """
    if kind is MP4 and b"moov" not in _boxes(file):
        return _("This MP4 video is incomplete: it cannot be played. Send the original file.")
    if kind is PDF and b"%%EOF" not in _tail(file):
        return _("This PDF document is incomplete. Send the original file.")
    return None


def _boxes(file: BinaryIO) -> set[bytes]:
    """The types of the top-level boxes (ISO/IEC 14496-12, 4.2); none when one is cut short."""
    size = file.seek(0, 2)
    found: set[bytes] = set()
    at = 0
    while at + 8 <= size:
        file.seek(at)
        header = file.read(16)
        length = int.from_bytes(header[:4])
        if length == 1:
            length = int.from_bytes(header[8:16])
        elif length == 0:  # to the end of the file
            length = size - at
        if length < 8 or at + length > size:
            return set()
        found.add(header[4:8])
        at += length
    return found


def _tail(file: BinaryIO) -> bytes:
    size = file.seek(0, 2)
    file.seek(max(0, size - 2_048))
    return file.read()


_NOT_IN_NAMES: Final = frozenset('<>:"|?*\\/%')


def shown_name(given: str) -> str:
    """`given` without folders, control and direction characters, so that `photo<RLO>gpj.exe` cannot
    pose as what it is not."""
    name = unicodedata.normalize("NFC", given.replace("\\", "/").rpartition("/")[2])
    shown = (
        "_" if character in _NOT_IN_NAMES else character
        for character in name
        if unicodedata.category(character)[0] != "C"
    )
    return " ".join("".join(shown).split()).strip(" .")[:NAME_LIMIT]


def safe_name(given: str, kind: Kind) -> str:
    """`given` as a file name that can be shown and saved anywhere, with an extension of `kind`."""
    stem, dot, extension = shown_name(given).rpartition(".")
    if not dot:
        stem, extension = extension, ""
    if extension.lower() not in kind.extensions:
        extension = kind.extensions[0]
    stem = stem.strip(" .")[: NAME_LIMIT - len(extension) - 1]
    return f"{stem or 'evidence'}.{extension}"
