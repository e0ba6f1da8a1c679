"""The statement of reasons as a document to keep (Regulation 2019/1150, Art. 4: "on a durable
medium"): a PDF with the words of the mail, made by Typst, whose wheel needs nothing else.
"""

import json
from datetime import UTC
from importlib.resources import files
from typing import NamedTuple

import typst

from contracts.mail import MailQueued
from services.notifier.letters import language_for
from services.notifier.rendering import WITH_STATEMENT, Links, render_blocks

_SOURCE = (files("services.notifier") / "mails" / "statement.typ").read_bytes()
_FONTS = typst.Fonts(
    include_system_fonts=False,
    include_embedded_fonts=False,
    font_paths=[str(files(f"fontpkg_noto_sans{kind}") / "files") for kind in ("", "_arabic")],
)


class Attachment(NamedTuple):
    name: str
    media_type: str
    content: bytes


def attachments(mail: MailQueued, links: Links, *, brand: str) -> tuple[Attachment, ...]:
    """What goes along with the mail; the same mail makes the same bytes."""
    if (mail.audience, mail.template) not in WITH_STATEMENT:
        return ()
    title, parts = render_blocks(mail, links, brand=brand)
    at = mail.queued_at.astimezone(UTC)
    letter = {
        "lang": language_for(mail.language),
        "title": title,
        "brand": brand,
        "date": [at.year, at.month, at.day],
        "parts": parts,
    }
    made = typst.compile(
        _SOURCE, font_paths=_FONTS, sys_inputs={"letter": json.dumps(letter)}, format="pdf"
    )
    assert isinstance(made, bytes)
    number = "".join(c for c in mail.params.get("number", "") if c.isascii() and c.isalnum())
    return (Attachment(f"statement-of-reasons-{number}.pdf", "application/pdf", made),)
