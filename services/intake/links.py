"""Product links: which product of the marketplace does a pasted text point to?

Pure: nothing is fetched, so a link can do no harm here. What counts as the marketplace is data
(`data/aliexpress.json`). The host is compared whole with the profile's; what browsers and parsers
read differently (back-slashes, user-info, dots in the path, letters beyond ASCII in the host) is
refused instead of being guessed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple
from urllib.parse import parse_qsl, quote

from services.intake.profile import Profile, aliexpress
from services.runtime.sentences import gettext as _

TEXT_LIMIT: Final = 2_000
HIGHEST_ID: Final = 2**63 - 1

Verdict = Literal["accept", "unresolved", "refuse"]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a text was found to point to.

    `link` is the link as given, tidied so that it can be shown as one (None when refused);
    `product_id` is the marketplace's global id and `canonical` the product's address, both only
    with `accept`; `reason` is a sentence for the person who pasted the text; `others` are the ids
    of further products in the same text.
    """

    verdict: Verdict
    reason: str
    product_id: str | None = None
    link: str | None = None
    canonical: str | None = None
    others: tuple[str, ...] = ()


def resolve(text: str, profile: Profile | None = None) -> Resolution:
    """The first product link in `text`, of at most `TEXT_LIMIT` characters. Never raises.

    A link that can be accepted wins over a short link, and that over anything refused, wherever
    they stand in the text.
    """
    profile = profile or aliexpress()
    if len(text) > TEXT_LIMIT:
        return _refuse(
            _("This is longer than %(n)s characters. Paste the link alone.") % {"n": TEXT_LIMIT}
        )
    found = [_judge(candidate, profile, unwrap=True) for candidate in _candidates(text)]
    accepted = [each for each in found if each.verdict == "accept"]
    if accepted:
        return _first_of(accepted)
    for each in found:
        if each.verdict == "unresolved":
            return each
    return (
        found[0]
        if found
        else _refuse(
            _("There is no link to a product of %(name)s in this.") % {"name": profile.name}
        )
    )


def canonical_link(product_id: int, profile: Profile | None = None) -> str:
    """The product's address: the same for every form in which its link was given."""
    profile = profile or aliexpress()
    if profile.global_id(product_id, regional=False) == product_id:
        return profile.canonical.format(id=product_id)
    return profile.regional.canonical.format(id=product_id + profile.regional.offset)


def _first_of(accepted: list[Resolution]) -> Resolution:
    first = accepted[0]
    ids = dict.fromkeys(each.product_id for each in accepted if each.product_id is not None)
    others = tuple(each for each in ids if each != first.product_id)
    if not others:
        return first
    return Resolution(
        "accept",
        _("%(reason)s The text names other products too (%(others)s): file one complaint for each.")
        % {"reason": first.reason, "others": ", ".join(others)},
        first.product_id,
        first.link,
        first.canonical,
        others,
    )


# --- finding what may be a link ---------------------------------------------------------------

_BROKEN = _("The link is broken over two lines. Paste it in one piece.")
_INVISIBLE: Final = "\u200b\u200c\u200d\u200e\u200f\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad"
_OPENING: Final = "([{<\"'`«‹“„‘‚「『【《（" + _INVISIBLE
_CLOSING: Final = ")]}>\"'`»›”’」』】》）.,;:!?…。，、；：！？" + _INVISIBLE

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):")
_WEB = re.compile(r"https?:", re.IGNORECASE)
_BEFORE_HOST = re.compile(r"[/\\=?&%@#]|\.\w")
_LABEL = re.compile(r"[^\W\d]\w*:(?!//)")  # as in "Link:aliexpress.com/…"
_HOSTLIKE = re.compile(r"[^\s/?#\\@:.][^\s/?#\\@:]*\.[^\s/?#\\@:]+")
_REST_OF_A_BROKEN_LINK = re.compile(r"[0-9]*\.html?\b", re.IGNORECASE)

_ACTIVE: Final = frozenset(
    """about blob chrome data feed file ftp intent jar javascript mailto tel vbscript
    view-source ws wss""".split()
)


class _Candidate(NamedTuple):
    """A piece of the text that claims to be a link; `refused` when it cannot even be read."""

    link: str
    refused: str | None = None


def _candidates(text: str) -> Iterator[_Candidate]:
    for word, following in pairwise([*text.split(), ""]):
        candidate = _candidate(word.lstrip(_OPENING).rstrip(_CLOSING))
        if candidate is None:
            continue
        if candidate.link[-1:] in "/0123456789" and _REST_OF_A_BROKEN_LINK.match(following):
            candidate = _Candidate(candidate.link, _BROKEN)
        yield candidate


def _candidate(word: str) -> _Candidate | None:
    scheme = _SCHEME.match(word)
    if scheme and scheme["scheme"].lower() in _ACTIVE:
        return _Candidate(word, _("Only links that begin with https:// or http:// are taken."))
    web = _WEB.search(word)
    if web and not _BEFORE_HOST.search(word[: web.start()]):
        return _Candidate(word[web.start() :])  # "here:https://…", "[the product](https://…"
    if scheme and word[scheme.end() : scheme.end() + 2] == "//":
        return _Candidate(word, _("Only links that begin with https:// or http:// are taken."))
    word = _LABEL.sub("", word).removeprefix("//")
    return _Candidate(f"https://{word}") if _HOSTLIKE.match(word) else None


# --- judging one link -------------------------------------------------------------------------

_PARTS = re.compile(
    r"https?://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:\#.*)?",
    re.IGNORECASE | re.DOTALL,
)
_AUTHORITY = re.compile(r"(?P<host>[A-Za-z0-9.-]*[A-Za-z0-9])\.?(?::(?:80|443)?)?")
_CONFUSING = re.compile(
    r"[\x00-\x20\x7f-\xa0\\\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ud800-\udfff\ufeff\ufff0-\uffff]"
)
_PROSE_AFTER = re.compile(
    r"(\.html?)[)\]}>\"'&;,:!»”’…\u0100-\U0010ffff].*", re.IGNORECASE | re.DOTALL
)
_UNRESERVED = re.compile(r"%(2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")


class _Link(NamedTuple):
    host: str
    path: str
    query: str
    scheme: str

    def __str__(self) -> str:
        path = quote(self.path, safe="/%:@!$&'()*+,;=~-._")
        query = "?" + quote(self.query, safe="/?%:@!$&'()*+,;=~-._[]") if self.query else ""
        return f"{self.scheme}://{self.host}{path}{query}"


def _judge(candidate: _Candidate, profile: Profile, *, unwrap: bool) -> Resolution:
    if candidate.refused:
        return _refuse(candidate.refused)
    link = _parse(candidate.link)
    if isinstance(link, str):
        return _refuse(link)
    if unwrap and (wrapped := _parameters(link.query, profile.share_wrappers.get(link.host, ()))):
        return _unwrap(wrapped, profile)
    if short := profile.short_links.get(link.host):
        return _judge_short(link, short, profile)
    domain = profile.domain_of(link.host)
    if names := profile.query_hosts.get(link.host):
        ids = _parameters(link.query, names)
    elif domain:
        ids = _ids_in_path(link.path, profile)
    else:
        return _refuse(
            _("This link leads to %(host)s, not to a product page of %(name)s.")
            % {"host": link.host, "name": profile.name}
        )
    if len(ids) != 1:
        return _refuse(_no_product(link, profile))
    return _accept(link, ids[0], profile, regional=domain == profile.regional.domain)


def _parse(text: str) -> _Link | str:
    """The link's parts; a sentence when browsers could read it in more than one way."""
    if _CONFUSING.search(text):
        return _("The link contains characters that do not belong in one. Copy it again.")
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return _("Only links that begin with https:// or http:// are taken.")
    if "@" in parts["authority"]:
        return _("The link carries a user name before its host, as forged links do.")
    authority = _AUTHORITY.fullmatch(parts["authority"])
    if authority is None:
        return _("The host in this link is not one that a marketplace has.")
    path = re.sub(r"/{2,}", "/", _UNRESERVED.sub(lambda m: chr(int(m[1], 16)), parts["path"]))
    if any(segment in (".", "..") for segment in path.split("/")):
        return _("The link contains steps (“..”) that lead to another page. Copy it again.")
    scheme = text.partition(":")[0].lower()
    path = _PROSE_AFTER.sub(r"\1", path)
    return _Link(authority["host"].lower(), path, parts["query"] or "", scheme)


def _parameters(query: str, names: tuple[str, ...]) -> list[str]:
    """The different values that the query gives to the parameters called `names`."""
    values = (value for name, value in parse_qsl(query, keep_blank_values=True) if name in names)
    return list(dict.fromkeys(values))


def _unwrap(wrapped: list[str], profile: Profile) -> Resolution:
    if len(wrapped) > 1 or not _WEB.match(wrapped[0]):
        return _refuse(
            _("This share link does not say which product it leads to. Open it and copy that.")
        )
    return _judge(_Candidate(wrapped[0]), profile, unwrap=False)


def _judge_short(link: _Link, form: str, profile: Profile) -> Resolution:
    key = re.match(rf"({form})/?(?![\x21-\x7f])", link.path)
    if key is None:
        return _refuse(
            _("This short link of %(name)s is incomplete. Copy it again.") % {"name": profile.name}
        )
    return Resolution(
        "unresolved",
        _(
            "This is a short link: it does not show the product. It is kept as given, "
            "and a moderator will look the product up."
        ),
        link=str(link._replace(path=key[1])),
    )


def _ids_in_path(path: str, profile: Profile) -> list[str]:
    path = path.removesuffix("/")
    for form in profile.product_forms:
        if match := form.fullmatch(path):
            return [match["id"]]
    return []


def _accept(link: _Link, digits: str, profile: Profile, *, regional: bool) -> Resolution:
    if not (digits.isascii() and digits.isdigit()):
        return _refuse(_("The product number in this link is not a number."))
    number = profile.global_id(int(digits), regional=regional)
    if not 1 <= number <= HIGHEST_ID:
        return _refuse(
            _("There can be no product with the number %(digits)s.") % {"digits": digits[:24]}
        )
    product_id = str(number)
    canonical = canonical_link(number, profile)
    return Resolution(
        "accept",
        _("Product %(id)s on %(name)s.") % {"id": product_id, "name": profile.name},
        product_id,
        str(link),
        canonical,
    )


def _no_product(link: _Link, profile: Profile) -> str:
    page = link.path.strip("/").partition("/")[0].lower()
    what = profile.other_pages.get(page, _("a page that shows no single product"))
    return _("This link leads to %(what)s. Open the product itself and copy its address.") % {
        "what": what
    }


def _refuse(reason: str) -> Resolution:
    return Resolution("refuse", reason)
