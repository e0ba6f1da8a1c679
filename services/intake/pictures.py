"""Pictures made anew from their pixels: what is no picture fails, and what hides in one is lost.

Camera position, comments, thumbnails and anything appended go with the old file. CPU-bound: call
it off the event loop.
"""

import io
import warnings
from typing import Any, BinaryIO, Final

import pi_heif
from PIL import Image, ImageOps, ImageSequence

from services.intake.evidence_kinds import GIF, HEIC, JPEG, PNG, WEBP, Kind
from services.runtime.sentences import gettext as _

PIXELS_AT_MOST: Final = 50_000_000
"""Of one picture. What a large telephone camera makes; decoded it takes 200 MB."""
ANIMATION_PIXELS_AT_MOST: Final = 100_000_000
"""Of all frames together."""
FRAMES_AT_MOST: Final = 300

_FORMATS: Final = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP", GIF: "GIF", HEIC: "HEIF"}

pi_heif.register_heif_opener(thumbnails=False)


class NotAPicture(ValueError):
    """The file cannot be taken as a picture; the message is a sentence for its sender."""


def clean(file: BinaryIO, kind: Kind) -> BinaryIO:
    """The picture in `file` encoded again, as what its kind becomes, upright, without its metadata.

    Raises NotAPicture when it cannot be decoded whole, or has too many pixels.
    """
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=[_FORMATS[kind]]) as image:
                _check_size(image)
                return _encode(image, kind.becomes or kind)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotAPicture(_TOO_MANY) from None
    except NotAPicture:
        raise
    except Exception as error:  # Pillow's readers raise whatever the broken bytes lead them to
        raise NotAPicture(
            _(
                "This is damaged or is no %(kind)s: it cannot be opened. "
                "Send the original file, or a screenshot of it."
            )
            % {"kind": kind.label}
        ) from error


_TOO_MANY: Final = _("This picture has more than %(n)s million pixels. Send a smaller one.") % {
    "n": PIXELS_AT_MOST // 1_000_000
}


def _check_size(image: Image.Image) -> None:
    pixels = image.width * image.height
    if pixels > PIXELS_AT_MOST:
        raise NotAPicture(_TOO_MANY)
    if not _is_animated(image):
        return
    if _has_frame(image, FRAMES_AT_MOST) or pixels * _frames(image) > ANIMATION_PIXELS_AT_MOST:
        raise NotAPicture(_("This animation is too long. Send a shorter one, or a video."))


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
        if kind is JPEG and upright.mode not in ("L", "RGB", "CMYK"):
            upright = upright.convert("RGB")
        _bare(upright).save(out, _FORMATS[kind], **options)
    return out


def _bare(image: Image.Image) -> Image.Image:
    """The pixels alone. What a plugin reads into `info`, its encoder may write out again."""
    kept = ("transparency", "background")
    image.info = {key: image.info[key] for key in kept if key in image.info}
    return image
