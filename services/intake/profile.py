"""A marketplace's profile: what its product links look like, where its disputes are opened, as
data."""

import json
import re
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict


class Regional(BaseModel):
    """A regional site that numbers the same products by a fixed offset."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    domain: str
    offset: int
    canonical: str


class DisputePage(BaseModel):
    """Where a buyer opens a dispute.

    In `url` and in `fields` (names and values of a form that is sent along), `{order}`,
    `{product}` and `{text}` stand for what is known; `without_order` is the address to use where
    no order is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    url: str
    without_order: str | None = None
    method: Literal["get", "post"] = "get"
    fields: dict[str, str] = {}

    def address(self, order: str | None) -> str:
        if order is None and self.without_order:
            return self.without_order
        return self.url.replace("{order}", quote(order or "", safe=""))

    def sent(self, *, order: str | None, product: str | None, text: str) -> dict[str, str]:
        """The fields that have something to say."""
        known = {"{order}": order or "", "{product}": product or "", "{text}": text}
        values = {name: known.get(value, value) for name, value in self.fields.items()}
        return {name: value for name, value in values.items() if value}

    @property
    def origin(self) -> str | None:
        """Its origin where that is not ours, for the pages' policy of where forms may lead."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None


class Profile(BaseModel):
    """Hosts and forms of a marketplace's links.

    Product pages stand on `domains`, alone or below labels that match `site_label` (languages,
    `www`, `m`). Paths are regular expressions matched whole, with the group `id`. The other
    tables are by exact host: report pages that name the product in a query parameter, short
    links, and share pages that carry the real link in a parameter.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    domains: tuple[str, ...]
    site_label: str
    product_paths: tuple[str, ...]
    other_pages: dict[str, str]
    query_hosts: dict[str, tuple[str, ...]]
    short_links: dict[str, str]
    share_wrappers: dict[str, tuple[str, ...]]
    canonical: str
    regional: Regional
    dispute: DisputePage

    @cached_property
    def _hosts(self) -> re.Pattern[str]:
        domains = "|".join(re.escape(domain) for domain in self.domains)
        return re.compile(rf"(?:(?:{self.site_label})\.){{0,2}}(?P<domain>{domains})")

    @cached_property
    def product_forms(self) -> tuple[re.Pattern[str], ...]:
        """`product_paths`, compiled, for upper and lower case alike."""
        return tuple(re.compile(path, re.IGNORECASE) for path in self.product_paths)

    def domain_of(self, host: str) -> str | None:
        """The domain whose product pages stand on `host` (lower case), or None."""
        match = self._hosts.fullmatch(host)
        return match["domain"] if match else None

    def global_id(self, number: int, *, regional: bool) -> int:
        """The id under which the whole marketplace knows a product.

        The regional site's numbers are also met on the main site, where they are known by their
        range: from one offset to two, where no global id has ever been.
        """
        offset = self.regional.offset
        if number >= offset and (regional or number < 2 * offset):
            return number - offset
        return number


@cache
def aliexpress() -> Profile:
    """The profile that is shipped with this service."""
    return load("aliexpress")


@cache
def load(name: str) -> Profile:
    """The profile of this name among those shipped, or in the file at this path.

    A profile that `extends` another one names only what differs. Raises FileNotFoundError or
    ValueError.
    """
    return Profile.model_validate(_document(name))


def _document(name: str) -> dict[str, Any]:
    shipped = files("services.intake").joinpath(f"data/{name}.json")
    text = shipped.read_text("utf-8") if shipped.is_file() else Path(name).read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    base = document.pop("extends", None)
    return {**_document(base), **document} if base else document
