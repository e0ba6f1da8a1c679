"""Pictures made anew from their pixels: what is no picture fails, and what hides in one is lost.

Camera position, comments, thumbnails and anything appended go with the old file.
"""

import io
import warnings
from typing import Any, BinaryIO, Final, Literal

import pi_heif
import structlog
from anyio import BrokenWorkerProcess, CapacityLimiter, fail_after, to_process, to_thread
from PIL import Image, ImageOps, ImageSequence

from services.intake.evidence_kinds import GIF, HEIC, JPEG, PNG, WEBP, Kind
from services.runtime.sentences import gettext as _

log = structlog.get_logger(__name__)

PIXELS_AT_MOST: Final = 50_000_000
"""Of one picture. What a large telephone camera makes; decoded it takes 200 MB."""
ANIMATION_PIXELS_AT_MOST: Final = 100_000_000
"""Of all frames together."""
FRAMES_AT_MOST: Final = 300
SECONDS_AT_MOST: Final = 60.0
"""For one picture, the start of a process for it included."""
READERS_AT_MOST: Final = 2
"""A process may die of what it read before, or be ended from outside: only a picture that so many
die of is damaged."""

_FORMATS: Final = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP", GIF: "GIF", HEIC: "HEIF"}

Flaw = Literal["damaged", "too many pixels", "too long", "too slow"]

pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


class NotAPicture(ValueError):
    """The file cannot be taken as a picture; the message is a sentence for its sender."""

    def __init__(self, flaw: Flaw, kind: Kind) -> None:
        super().__init__(_told(flaw, kind))
        self.flaw = flaw


async def clean_apart(file: BinaryIO, kind: Kind, *, limiter: CapacityLimiter) -> BinaryIO:
    """`clean` in a process of its own: Pillow and libheif are C, and a file that is made for it
    crashes them. `limiter` is for such processes. Raises NotAPicture."""
    file.seek(0)
    content = await to_thread.run_sync(file.read)
    try:
        with fail_after(SECONDS_AT_MOST):
            made = await _read_apart(content, kind, limiter)
    except TimeoutError as late:
        raise NotAPicture("too slow", kind) from late
    if isinstance(made, str):
        raise NotAPicture(made, kind)
    return io.BytesIO(made)


async def _read_apart(content: bytes, kind: Kind, limiter: CapacityLimiter) -> bytes | Flaw:
    for reader in range(1, READERS_AT_MOST + 1):
        try:
            return await to_process.run_sync(
                _attempt, content, kind, cancellable=True, limiter=limiter
            )
        except BrokenWorkerProcess as died:
            log.warning(
                "picture.reader_died",
                reader=reader,
                kind=kind.media_type,
                size=len(content),
                why=repr(died.__cause__ or died),
            )
    return "damaged"


def _attempt(content: bytes, kind: Kind) -> bytes | Flaw:
    """The picture, or what is wrong with it: between processes sentences lose their languages."""
    try:
        return clean(io.BytesIO(content), kind).read()
    except NotAPicture as refused:
        return refused.flaw


def clean(file: BinaryIO, kind: Kind) -> BinaryIO:
    """The picture in `file` encoded again, as what its kind becomes, upright, without its metadata.

    CPU-bound, and crashes the process with some files: for strangers' files there is `clean_apart`.
    Raises NotAPicture when it cannot be decoded whole, or has too many pixels.
    """
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=[_FORMATS[kind]]) as image:
                _check_size(image, kind)
                made = _encode(image, kind.becomes or kind)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotAPicture("too many pixels", kind) from None
    except NotAPicture:
        raise
    except Exception as error:  # Pillow's readers raise whatever the broken bytes lead them to
        raise NotAPicture("damaged", kind) from error
    made.seek(0)
    return made


def _told(flaw: Flaw, kind: Kind) -> str:
    match flaw:
        case "damaged":
            return _(
                "This is damaged or is no %(kind)s: it cannot be opened. "
                "Send the original file, or a screenshot of it."
            ) % {"kind": kind.label}
        case "too slow":
            return _("This picture took too long to open. Try again, or send a screenshot of it.")
        case "too many pixels":
            return _("This picture has more than %(n)s million pixels. Send a smaller one.") % {
                "n": PIXELS_AT_MOST // 1_000_000
            }
        case "too long":
            return _("This animation is too long. Send a shorter one, or a video.")


def _check_size(image: Image.Image, kind: Kind) -> None:
    pixels = image.width * image.height
    if pixels > PIXELS_AT_MOST:
        raise NotAPicture("too many pixels", kind)
    if not _is_animated(image):
        return
    if _has_frame(image, FRAMES_AT_MOST) or pixels * _frames(image) > ANIMATION_PIXELS_AT_MOST:
        raise NotAPicture("too long", kind)


def _is_animated(image: Image.Image) -> bool:
    # A JPEG of several pictures (MPO) holds a preview of the first one beside it; of a HEIC burst
    # the telephone shows one.
    return image.format not in ("JPEG", "MPO", "HEIF") and getattr(image, "is_animated", False)


def _has_frame(image: Image.Image, number: int) -> bool:
    """Asked before their number, for which a GIF is read to its end, however many it holds."""
    try:
        image.seek(number)
    except EOFError:
        return False
    finally:
        image.seek(0)
    return True


def _frames(image: Image.Image) -> int:
    return int(getattr(image, "n_frames", 1))


def _encode(image: Image.Image, kind: Kind) -> BinaryIO:
    out = io.BytesIO()
    options: dict[str, Any] = {}
    if profile := image.info.get("icc_profile"):
        options["icc_profile"] = profile
    if kind in (JPEG, WEBP):
        options["quality"] = 90
    if _is_animated(image):
        frames = [frame.copy() for frame in ImageSequence.Iterator(image)]
        options |= {
            "save_all": True,
            "append_images": [_bare(frame) for frame in frames[1:]],
            "duration": [frame.info.get("duration", 100) for frame in frames],
            "loop": image.info.get("loop", 0),
        }
        _bare(frames[0]).save(out, _FORMATS[kind], **options)
    else:
        image.load()
        upright = ImageOps.exif_transpose(image)
        if kind == JPEG and upright.mode not in ("L", "RGB", "CMYK"):
            upright = upright.convert("RGB")
        _bare(upright).save(out, _FORMATS[kind], **options)
    return out


def _bare(image: Image.Image) -> Image.Image:
    """The pixels alone. What a plugin reads into `info`, its encoder may write out again."""
    kept = ("transparency", "background")
    image.info = {key: image.info[key] for key in kept if key in image.info}
    return image
