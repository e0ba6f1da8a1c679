"""R29, R35: evidence is what its bytes are, whatever its name says."""

import asyncio
import contextlib
import io
import os
import signal
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pytest
from anyio import CapacityLimiter, to_process
from anyio.from_thread import start_blocking_portal
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from structlog.testing import capture_logs

import services.intake
import services.intake.pictures
from services.intake.evidence_kinds import (
    EML,
    FILE_LIMIT,
    GIF,
    HEAD,
    HEIC,
    JPEG,
    KINDS,
    MP4,
    NAME_LIMIT,
    PDF,
    PNG,
    VIDEO_LIMIT,
    WEBM,
    WEBP,
    Kind,
    flaw_of,
    kind_of,
    limit_of,
    looks_like,
    safe_name,
)
from services.intake.pictures import PIXELS_AT_MOST, NotAPicture, clean, clean_apart
from services.runtime.catalogues import catalogues
from tests.waiting import eventually

PACKAGE = Path(services.intake.__file__).parent
Clean = Callable[[bytes, Kind], BinaryIO]

FORMATS = [(JPEG, "JPEG"), (PNG, "PNG"), (WEBP, "WEBP"), (GIF, "GIF")]
GPS = 0x8825
ORIENTATION = 0x0112


@pytest.fixture(scope="module")
def apart() -> Iterator[Clean]:
    """Cleans a picture as the service does: in a process of its own."""
    with start_blocking_portal() as portal:
        limiter = CapacityLimiter(1)

        def cleaned(content: bytes, kind: Kind) -> BinaryIO:
            return portal.call(partial(clean_apart, io.BytesIO(content), kind, limiter=limiter))

        yield cleaned


def picture(encoding: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((60, 40)).save(out, encoding, **options)
    return out.getvalue()


def box(kind: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4) + kind + content


def mp4() -> bytes:
    return box(b"ftyp", b"isom\0\0\2\0isomiso2mp41") + box(b"moov") + box(b"mdat", b"\0" * 100)


def mail() -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "seller@example.org", "ivan@example.org"
    message["Subject"], message["Date"] = "Order", "Tue, 11 Nov 2025 10:00:00 +0000"
    message.set_content("Please pay to this card.")
    return message.as_bytes()


SAMPLES: dict[Kind, bytes] = {kind: picture(encoding) for kind, encoding in FORMATS} | {
    PDF: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF\n",
    EML: mail(),
    HEIC: (Path(__file__).parents[1] / "data" / "photo.heic").read_bytes(),
    MP4: mp4(),
    WEBM: b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x84webm" + b"\0" * 100,
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)
def test_every_kind_is_recognised_by_its_content(kind: Kind) -> None:
    sample = SAMPLES[kind]
    assert kind_of(sample[:HEAD]) is kind
    if kind.role != "picture":
        assert flaw_of(io.BytesIO(sample), kind) is None


@pytest.mark.parametrize(
    ("content", "called"),
    [
        (b"MZ\x90\x00" + b"\0" * 200, "Windows"),
        (b"\x7fELF\x02\x01\x01" + b"\0" * 100, "ELF"),
        (b"PK\x03\x04" + b"\0" * 60, "Office"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "HTML"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", None),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", None),
        (b"\0\0\0\x10ftypmif1\0\0\0\0heicheic", None),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "QuickTime"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"#!/bin/sh\nrm -rf /\n", None),
        (b"From here on, nothing is a mail.\n", None),
        (b"Subject: a single header\n\nis no mail", None),
        (b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska", "WebM"),
        (b"\0" * 100, None),
    ],
)
def test_what_is_not_evidence_is_not_taken_for_it(content: bytes, called: str | None) -> None:
    assert kind_of(content) is None
    if called:
        assert called in (looks_like(content) or "")


def test_only_a_video_may_have_fifty_megabytes() -> None:
    assert limit_of(mp4()) == VIDEO_LIMIT == 50_000_000
    assert limit_of(b"\xff\xd8\xff\xe0") == limit_of(b"") == FILE_LIMIT == 10_000_000


@pytest.mark.parametrize(("kind", "encoding"), FORMATS)
def test_a_picture_is_made_anew_without_what_hid_in_it(kind: Kind, encoding: str) -> None:
    exif = Image.Exif()
    exif[GPS] = {1: "N", 2: (55.0, 45.0, 0.0)}
    options: dict[str, object] = {"comment": b"secret"} if kind is GIF else {"exif": exif}
    forged = picture(encoding, **options) + b"PK\x03\x04 secret archive"
    cleaned = clean(io.BytesIO(forged), kind)
    content = cleaned.read() if not cleaned.seek(0) else b""
    assert b"secret" not in content
    with Image.open(io.BytesIO(content)) as again:
        assert (again.format, again.size) == (encoding, (60, 40))
        assert not again.getexif()


def test_a_picture_is_turned_upright_before_its_orientation_is_dropped() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    with Image.open(clean(io.BytesIO(picture("JPEG", exif=exif)), JPEG)) as upright:
        assert upright.size == (40, 60)


def test_a_telephones_heic_becomes_a_jpeg_without_the_place() -> None:
    sample = SAMPLES[HEIC]
    with Image.open(io.BytesIO(sample)) as original:
        assert original.getexif().get_ifd(GPS), "the sample says where it was taken"
    with Image.open(clean(io.BytesIO(sample), HEIC)) as again:
        assert (again.format, again.size, again.mode) == ("JPEG", (64, 48), "RGB")
        assert not again.getexif()
    assert HEIC.becomes is JPEG
    assert safe_name("IMG_0001.HEIC", JPEG) == "IMG_0001.jpg"


def test_a_heic_is_told_by_its_brand_or_by_those_that_it_is_compatible_with() -> None:
    assert kind_of(b"\0\0\0\x18ftypheix\0\0\0\0mif1heix") is HEIC
    assert kind_of(b"\0\0\0\x1cftypmif1\0\0\0\0mif1miafheic") is HEIC


@pytest.mark.parametrize(("kind", "encoding"), [(GIF, "GIF"), (WEBP, "WEBP"), (PNG, "PNG")])
def test_an_animation_keeps_its_frames(kind: Kind, encoding: str) -> None:
    frames = [Image.new("RGB", (30, 30), (50 * n, 0, 0)) for n in range(5)]
    file = io.BytesIO()
    frames[0].save(file, encoding, save_all=True, append_images=frames[1:], duration=80)
    with Image.open(clean(file, kind)) as again:
        assert getattr(again, "n_frames", 1) == 5


@pytest.mark.parametrize(("kind", "encoding"), FORMATS)
def test_a_picture_cut_short_is_refused_with_a_sentence(kind: Kind, encoding: str) -> None:
    whole = picture(encoding)
    with pytest.raises(NotAPicture, match="cannot be opened"):
        clean(io.BytesIO(whole[: len(whole) // 2]), kind)


def test_an_executable_that_begins_like_a_picture_is_refused() -> None:
    forged = b"\xff\xd8\xff\xe0" + b"MZ\x90\0" * 500
    assert kind_of(forged) is JPEG
    with pytest.raises(NotAPicture):
        clean(io.BytesIO(forged), JPEG)


def test_a_small_file_that_unpacks_to_too_many_pixels_is_refused() -> None:
    bomb = io.BytesIO()
    Image.new("1", (20_000, PIXELS_AT_MOST // 20_000 + 1)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 100_000
    with pytest.raises(NotAPicture, match="million pixels"):
        clean(bomb, PNG)


def test_an_animation_of_endless_frames_is_refused_quickly() -> None:
    header = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff"
    frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    with pytest.raises(NotAPicture, match="too long"):
        clean(io.BytesIO(header + frame * 100_000 + b"\x3b"), GIF)


def test_documents_and_videos_that_are_cut_short_are_refused() -> None:
    assert flaw_of(io.BytesIO(b"%PDF-1.7\n1 0 obj"), PDF)
    assert flaw_of(io.BytesIO(mp4()[:-50]), MP4)
    assert flaw_of(io.BytesIO(box(b"ftyp", b"isom") + b"MZ\x90\0" * 100), MP4)


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [
        ("photo.jpg", JPEG, "photo.jpg"),
        ("PHOTO.JPEG", JPEG, "PHOTO.JPEG"),
        ("invoice.exe", PDF, "invoice.pdf"),
        ("../../etc/passwd", PNG, "passwd.png"),
        ("C:\\Users\\me\\снимок экрана.png", PNG, "снимок экрана.png"),
        ("photo\u202egpj.exe", JPEG, "photogpj.jpg"),
        ('a<b>:"c|?*.gif', GIF, "a_b___c___.gif"),
        ("  .hidden  ", WEBP, "hidden.webp"),
        ("\x00\n", MP4, "evidence.mp4"),
        ("", WEBM, "evidence.webm"),
        ("صورة.jpg", JPEG, "صورة.jpg"),
    ],
)
def test_a_name_is_made_safe_to_show_and_to_save(given: str, kind: Kind, name: str) -> None:
    assert safe_name(given, kind) == name


@given(st.text(max_size=300), st.sampled_from(KINDS))
def test_any_name_comes_out_short_plain_and_with_its_extension(text: str, kind: Kind) -> None:
    name = safe_name(text, kind)
    assert 1 < len(name) <= NAME_LIMIT
    assert not set(name) & set('/\\:*?"<>|%')
    assert not any(unicodedata.category(character)[0] == "C" for character in name)
    assert name.rpartition(".")[2].lower() in kind.extensions
    assert safe_name(name, kind) == name


@given(st.binary(max_size=400), st.sampled_from([b"", *SAMPLES.values()]), st.integers(0, 60))
@settings(max_examples=300)
def test_any_bytes_get_a_verdict(apart: Clean, tail: bytes, sample: bytes, kept: int) -> None:
    content = sample[:kept] + tail
    kind = kind_of(content[:HEAD])
    if kind is None:
        looks_like(content[:HEAD])
    elif kind.role == "picture":
        with pytest.raises(NotAPicture):
            apart(content, kind)
    else:
        flaw_of(io.BytesIO(content), kind)


# --- whatever somebody makes of them ----------------------------------------------------------

PICTURES = [kind for kind in KINDS if kind.role == "picture"]
MARK = b"<script>alert('polyglot')</script>"


def opened(content: BinaryIO) -> tuple[str | None, int, bytes]:
    content.seek(0)
    stored = content.read()
    with Image.open(io.BytesIO(stored)) as image:
        image.load()
        return image.format, image.width * image.height, stored


@given(
    st.sampled_from(PICTURES),
    st.sampled_from([b"PK\x03\x04", b"%PDF-1.7", b"MZ\x90\0", b"<!DOCTYPE html>", b""]),
    st.binary(max_size=200),
)
@settings(max_examples=60, deadline=None)
def test_of_a_polyglot_nothing_but_the_picture_is_kept(
    apart: Clean, kind: Kind, other: bytes, rest: bytes
) -> None:
    stored = apart(SAMPLES[kind] + other + MARK + rest, kind)
    _, _, content = opened(stored)
    assert MARK not in content


@given(st.sampled_from(PICTURES), st.floats(0, 1), st.binary(min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_a_picture_with_wrong_bytes_is_refused_or_made_whole(
    apart: Clean, kind: Kind, where: float, wrong: bytes
) -> None:
    sample = bytearray(SAMPLES[kind])
    at = int(where * (len(sample) - 1))
    sample[at : at + len(wrong)] = wrong
    with contextlib.suppress(NotAPicture):
        _, pixels, _ = opened(apart(bytes(sample), kind))
        assert pixels <= PIXELS_AT_MOST


@given(st.sampled_from(KINDS), st.floats(0, 0.9))
@settings(max_examples=150, deadline=None)
def test_a_file_cut_short_anywhere_gets_a_verdict_and_no_broken_picture_is_kept(
    apart: Clean, kind: Kind, share: float
) -> None:
    cut = SAMPLES[kind][: int(share * len(SAMPLES[kind]))]
    found = kind_of(cut[:HEAD])
    if found is None:
        return
    if found.role != "picture":
        flaw_of(io.BytesIO(cut), found)
        return
    with contextlib.suppress(NotAPicture):
        opened(apart(cut, found))


def test_a_picture_that_crashes_its_reader_is_refused_and_the_next_one_taken(apart: Clean) -> None:
    whole = SAMPLES[HEIC]
    # The length of its metadata, which libheif believes.
    crashing = whole[:175] + b"\xff\xff" + whole[177:]
    with pytest.raises(NotAPicture, match="cannot be opened"):
        apart(crashing, HEIC)
    opened(apart(whole, HEIC))


@pytest.mark.anyio
async def test_a_good_picture_whose_reader_is_ended_from_outside_is_read_by_another() -> None:
    limiter = CapacityLimiter(1)
    reader = await to_process.run_sync(os.getpid, limiter=limiter)
    os.kill(reader, signal.SIGSTOP)
    with capture_logs() as logs:
        async with asyncio.TaskGroup() as tasks:
            cleaning = tasks.create_task(
                clean_apart(io.BytesIO(SAMPLES[JPEG]), JPEG, limiter=limiter)
            )
            await eventually(lambda: limiter.borrowed_tokens)
            await asyncio.sleep(0)  # and it is asked
            os.kill(reader, signal.SIGKILL)
    opened(cleaning.result())
    assert [entry["event"] for entry in logs] == ["picture.reader_died"]


@pytest.mark.anyio
async def test_a_picture_that_takes_too_long_is_not_said_to_be_damaged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services.intake.pictures, "SECONDS_AT_MOST", 0.0)
    with pytest.raises(NotAPicture, match="took too long to open"):
        await clean_apart(io.BytesIO(SAMPLES[JPEG]), JPEG, limiter=CapacityLimiter(1))


def test_what_is_wrong_is_said_in_the_readers_language_though_found_in_another_process(
    apart: Clean,
) -> None:
    with pytest.raises(NotAPicture) as refused:
        apart(SAMPLES[PNG][:100], PNG)
    said = refused.value.args[0].told(catalogues(PACKAGE / "translations")["ru"], "ru")
    assert said.startswith("Файл повреждён")


def png_of(width: int, height: int) -> bytes:
    """A PNG of a hundred bytes that says it has so many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)

    header = width.to_bytes(4) + height.to_bytes(4) + bytes([1, 0, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


@given(st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1))
@settings(max_examples=100, deadline=None)
def test_a_picture_that_says_it_is_huge_is_refused_before_it_is_unpacked(
    width: int, height: int
) -> None:
    if width * height <= PIXELS_AT_MOST:
        return
    with pytest.raises(NotAPicture):
        clean(io.BytesIO(png_of(width, height)), PNG)


def test_a_heic_that_says_it_is_huge_is_refused() -> None:
    sample = SAMPLES[HEIC]
    at = sample.index(b"ispe") + 8
    huge = sample[:at] + (16_000).to_bytes(4) * 2 + sample[at + 8 :]
    with pytest.raises(NotAPicture):
        clean(io.BytesIO(huge), HEIC)
