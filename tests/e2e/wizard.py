"""The wizard's steps as a person takes them, in whatever language the page is: by the values of its
choices, which are the same in all."""

import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import FilePayload, expect

from tests.e2e.people import Person, photo

SAMPLES: dict[int, dict[str, Any]] = {
    sample["n"]: sample
    for line in (Path(__file__).parents[1] / "data" / "complaints.jsonl").read_text().splitlines()
    if (sample := json.loads(line))
}
"""Complaints as people file them; `note` says what must become of each."""

_VIDEO = b"\0\0\0\x10ftypisom\0\0\2\0" + b"\0\0\0\x08moov" + b"\0\0\0\0mdat" + bytes(5_000)


def file(name: str) -> FilePayload:
    """A file of the kind that its name says."""
    if name.endswith(".mp4"):
        return {"name": name, "mimeType": "video/mp4", "buffer": _VIDEO}
    if name.endswith(".png"):
        stored = BytesIO()
        Image.linear_gradient("L").save(stored, "PNG")
        return {"name": name, "mimeType": "image/png", "buffer": stored.getvalue()}
    return {**photo(), "name": name}


async def choose(person: Person, name: str, value: str) -> None:
    """Touches one of the big options, as people do: anywhere on it."""
    option = person.page.locator(f'.choice:has(input[name="{name}"][value="{value}"])')
    await option.click()


async def go(person: Person, what: str, button: str = "next") -> None:
    """Presses a button of the form and looks at the page that comes."""
    await person.page.locator(f'main button[name="go"][value="{button}"]').first.click()
    await person.page.wait_for_load_state()
    await person.look(what)


async def to_details(person: Person, link: str, reason: str) -> None:
    """From the window to the description (R17 to R26)."""
    await person.open("/complaints/new", "dispute or complaint")
    await choose(person, "choice", "complaint")
    await go(person, "product link")
    await person.page.locator("#field-product_link").fill(link)
    await go(person, "type")
    await choose(person, "type", re.sub(r"\d+$", "", reason))
    await go(person, "reason")
    await choose(person, "reason", reason)
    await go(person, "description")


async def describe(person: Person, text: str, files: list[str]) -> None:
    """The description and its files (R27, R29); they are sent while one writes."""
    page = person.page
    await page.locator("#field-description").fill(text)
    if files:
        await page.locator("input[type=file]").set_input_files([file(each) for each in files])
        await expect(page.locator(".files-sent")).to_have_count(len(files))


async def submit(person: Person) -> str:
    """Good faith, summary, Submit (R30). Returns the receipt's number."""
    await person.page.locator("label:has(#field-good_faith)").click(position={"x": 10, "y": 10})
    await go(person, "summary")
    await go(person, "receipt")
    return await person.page.locator(".receipt-number").inner_text()
