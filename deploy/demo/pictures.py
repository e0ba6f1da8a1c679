"""Small pictures for the sample complaints: a few words on a plain ground."""

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

SIZE = (640, 480)
INK = (38, 42, 51)
GROUND = (236, 232, 224)
FRAME = (190, 120, 60)


def picture(lines: Sequence[str]) -> bytes:
    """A PNG of 640 × 480 with the lines one below the other, the same for the same lines."""
    image = Image.new("RGB", SIZE, GROUND)
    draw = ImageDraw.Draw(image)
    draw.rectangle((24, 24, SIZE[0] - 24, SIZE[1] - 24), outline=FRAME, width=6)
    text = "\n".join(lines)
    draw.multiline_text(
        (SIZE[0] / 2, SIZE[1] / 2),
        text,
        fill=INK,
        font=ImageFont.load_default(size=56),
        anchor="mm",
        align="center",
        spacing=24,
    )
    encoded = io.BytesIO()
    image.save(encoded, "PNG", optimize=True)
    return encoded.getvalue()
