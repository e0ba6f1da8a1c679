"""A marketplace's profile: what its product links look like, as data."""

import re
from functools import cache, cached_property
from importlib.resources import files

from pydantic import BaseModel, ConfigDict


class Regional(BaseModel):
    """A regional site that numbers the same products by a fixed offset."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    domain: str
    offset: int
    canonical: str


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
    return Profile.model_validate_json(
        files("services.intake").joinpath("data/aliexpress.json").read_bytes()
    )
