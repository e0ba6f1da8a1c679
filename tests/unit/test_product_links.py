"""R19: the link to the product. Every form that people paste, and every trick that is refused."""

import json
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.intake.links import HIGHEST_ID, TEXT_LIMIT, canonical_link, resolve
from services.intake.profile import aliexpress

SAMPLES = json.loads(Path(__file__).parents[1].joinpath("data/product-links.json").read_text())
US = 2**51


@pytest.mark.parametrize("sample", SAMPLES["links"], ids=lambda sample: sample["link"][:70])
def test_every_sample_link_gets_its_verdict(sample: dict[str, str]) -> None:
    found = resolve(sample["link"])
    assert found.verdict == sample["verdict"], found.reason
    assert found.product_id == sample.get("product_id")
    assert found.reason.endswith(".")


LANGUAGES = "ar de es fr he id it ja ko nl pl pt ru th tr uk vi www m".split()


@pytest.mark.parametrize("label", LANGUAGES)
def test_every_language_and_mobile_site_is_the_marketplace(label: str) -> None:
    assert resolve(f"https://{label}.aliexpress.com/item/32845522857.html").verdict == "accept"


@pytest.mark.parametrize(
    "text",
    [
        "HTTPS://WWW.ALIEXPRESS.COM/item/32845522857.html",
        "https://www.aliexpress.com:443/item/32845522857.html",
        "http://www.aliexpress.com:80/item/32845522857.html",
        "https://www.aliexpress.com./item/32845522857.html",
        "//www.aliexpress.com/item/32845522857.html",
        "https://m.ru.aliexpress.com/item/32845522857.html",
        "https://www.aliexpress.com/item/32845522857.htm",
        "https://www.aliexpress.com/item/32845522857.html/",
        "https://www.aliexpress.com/item/32845522857",
        "https://www.aliexpress.com/item/0032845522857.html",
        "https://www.aliexpress.com/item/%33%32845522857.html",
        "https://www.aliexpress.com/item/32845522857.html#nav-review",
        "https://www.aliexpress.com/item/32845522857.html?a=https://evil.example/",
        "https://www.aliexpress.com/item/32845522857.html&spm=a2g0o",
        "https://ru.aliexpress.com/item/Чехол-для-телефона/32845522857.html",
        "https://feedback.aliexpress.com/display/evaluation.htm?productId=32845522857",
        "请看https://www.aliexpress.com/item/32845522857.html谢谢",
        "«https://www.aliexpress.com/item/32845522857.html»",
        "[the case](https://www.aliexpress.com/item/32845522857.html)",
        "Ссылка:aliexpress.com/item/32845522857.html, спасибо",
        "\u200ehttps://www.aliexpress.com/item/32845522857.html\u200f",
        "He wants the money at https://evil.example/pay for "
        "https://www.aliexpress.com/item/32845522857.html",
        "https://a.aliexpress.com/_mKjL9Cq https://www.aliexpress.com/item/32845522857.html",
    ],
)
def test_a_link_is_recognised_however_it_is_written(text: str) -> None:
    found = resolve(text)
    assert (found.verdict, found.product_id) == ("accept", "32845522857"), found.reason


@pytest.mark.parametrize(
    "text",
    [
        "https://www.aliexpress.com:8443/item/1.html",
        "https://www.aliexpress.com../item/1.html",
        "https://user@www.aliexpress.com/item/1.html",
        "https://aliexpress.com:@evil.example/item/1.html",
        "https://www.aliexpress.com\\@evil.example/item/1.html",
        "https://evil.example\\@www.aliexpress.com/item/1.html",
        "https:\\\\www.aliexpress.com\\item\\1.html",
        "https://www.аliexpress.com/item/1.html",
        "https://www.xn--liexpress-81g.com/item/1.html",
        "https://www。aliexpress。com/item/1.html",
        "https://www.aliexpress%2Ecom/item/1.html",
        "https://www.aliexpress.com%2Fitem/1.html",
        "https://www.aliexpress.com%00.evil.example/item/1.html",
        "https://www.aliexpress.co/item/1.html",
        "https://www.aliexpress.com.ru/item/1.html",
        "https://www-aliexpress.com/item/1.html",
        "https://login.aliexpress.com/item/1.html",
        "https://[::1]/item/1.html",
        "http://2130706433/item/1.html",
        "http://localhost/item/1.html",
        "https://evil.example#https://www.aliexpress.com/item/1.html",
        "https://evil.example?https://www.aliexpress.com/item/1.html",
        "https://evil.example/(https://www.aliexpress.com/item/1.html",
        "evil.example,https://www.aliexpress.com/item/1.html",
        "javascript:https://www.aliexpress.com/item/1.html",
        "JavaScript:alert(1)//https://www.aliexpress.com/item/1.html",
        "data:text/html,https://www.aliexpress.com/item/1.html",
        "file:///www.aliexpress.com/item/1.html",
        "ftp://www.aliexpress.com/item/1.html",
        "view-source:https://www.aliexpress.com/item/1.html",
        "https://www.aliexpress.com/item/../store/1.html",
        "https://www.aliexpress.com/item/%2e%2e/1.html",
        "https://www.aliexpress.com/item/３２８４５.html",
        "https://www.aliexpress.com/item/-1.html",
        "https://www.aliexpress.com/item/1e5.html",
        "https://www.aliexpress.com/item/1.html.evil",
        "https://www.aliexpress.com/item/1.html@evil.example",
        "https://www.aliexpress.com/item/a/b/1.html",
        "https://www.aliexpress.com/item/9223372036854775808.html",
        "https://www.aliexpress.us/item/2251799813685248.html",
        "https://www.aliexpress.com/item/\u202e1.html",
        "https://www.aliexpress.com/item/1\x00.html",
        "https://www.ali\texpress.com/item/1.html",
        "https://www.aliexpress.com/item/\n1.html",
        "https://www.aliexpress.com/item/3284\n5522857.html",
        "https://www.aliexpress.com/x?productId=1",
        "https://report.aliexpress.com/x?product_id=1&product_id=2",
        "https://report.aliexpress.com/x?product_id=１",
        "https://a.aliexpress.com/",
        "https://star.aliexpress.com/share/share.htm",
        "https://www.aliexpress.com/",
        "32845522857",
        "",
        " \n",
    ],
)
def test_what_is_no_link_to_a_product_is_refused_with_a_sentence(text: str) -> None:
    found = resolve(text)
    assert (found.verdict, found.product_id, found.link) == ("refuse", None, None)
    assert found.reason.endswith(".")


def wrapped(inner: str) -> str:
    return f"https://star.aliexpress.com/share/share.htm?redirectUrl={quote(inner, safe='')}"


def test_a_share_link_is_unwrapped_exactly_once() -> None:
    product = "https://www.aliexpress.com/item/1005009561948552.html"
    assert resolve(wrapped(product)).link == product
    assert resolve(wrapped("https://a.aliexpress.com/_mKjL9Cq")).verdict == "unresolved"
    assert resolve(wrapped(wrapped(product))).verdict == "refuse"
    assert resolve(wrapped(quote(product, safe=""))).verdict == "refuse"
    assert resolve(wrapped("https://evil.example/item/1.html")).verdict == "refuse"
    assert resolve(wrapped("javascript:alert(1)")).verdict == "refuse"


def test_a_short_link_is_kept_as_given() -> None:
    found = resolve("Смотрите【https://a.aliexpress.com/_mKjL9Cq】.")
    assert (found.verdict, found.link) == ("unresolved", "https://a.aliexpress.com/_mKjL9Cq")


def test_several_products_in_one_text_are_named() -> None:
    found = resolve("https://www.aliexpress.com/item/1.html https://www.aliexpress.com/item/2.html")
    assert (found.product_id, found.others) == ("1", ("2",))
    assert "2" in found.reason


def test_a_text_longer_than_the_limit_is_refused() -> None:
    link = "https://www.aliexpress.com/item/1.html"
    assert resolve(link.rjust(TEXT_LIMIT)).verdict == "accept"
    assert resolve(link.rjust(TEXT_LIMIT + 1)).verdict == "refuse"


def test_a_product_has_one_id_on_the_american_and_on_the_main_site() -> None:
    main = resolve("https://www.aliexpress.com/item/1005001560047961.html")
    assert (
        resolve("https://www.aliexpress.us/item/3256801373733209.html").product_id
        == main.product_id
    )
    assert (
        resolve("https://www.aliexpress.com/item/3256801373733209.html").product_id
        == main.product_id
    )
    assert (
        resolve("https://www.aliexpress.us/item/1005001560047961.html").product_id
        == main.product_id
    )


LIKE_LINKS = st.text(
    alphabet=st.one_of(st.sampled_from(" \t:/?#@\\%.=&-_0123456789\u202e\u200b"), st.characters()),
    max_size=80,
)
PIECES = st.lists(
    st.one_of(
        LIKE_LINKS,
        st.sampled_from(
            [
                "https://",
                "http://",
                "javascript:",
                "www.aliexpress.com",
                "aliexpress.us",
                "evil.example",
                "a.aliexpress.com/_x",
                "star.aliexpress.com/share?redirectUrl=",
                "/item/",
                "/i/",
                "32845522857.html",
                "\ud800",
            ]
        ),
    ),
    max_size=12,
).map("".join)


@given(PIECES)
def test_any_text_gets_a_verdict_and_what_is_accepted_is_the_marketplaces(text: str) -> None:
    found = resolve(text)
    if found.verdict == "refuse":
        assert found.link is None
        return
    assert found.link is not None
    parts = urlsplit(found.link)
    assert parts.scheme in ("http", "https")
    assert parts.netloc == parts.hostname
    assert found.link.isascii()
    host, profile = parts.netloc, aliexpress()
    if found.verdict == "accept":
        assert profile.domain_of(host) or host in profile.query_hosts
    else:
        assert host in profile.short_links


@given(PIECES)
def test_resolving_what_was_found_finds_it_again(text: str) -> None:
    found = resolve(text)
    if found.link is not None:
        again = resolve(found.link)
        assert (again.verdict, again.link, again.product_id) == (
            found.verdict,
            found.link,
            found.product_id,
        )


@given(st.integers(1, HIGHEST_ID))
@example(US - 1)
@example(US)
@example(US + 1)
@example(2 * US - 1)
@example(2 * US)
def test_the_canonical_link_leads_to_its_product_and_stays_the_same(product_id: int) -> None:
    found = resolve(canonical_link(product_id))
    assert (found.verdict, found.product_id) == ("accept", str(product_id))
    assert found.canonical == canonical_link(product_id)


@given(st.integers(1, US - 1))
def test_the_american_number_of_any_global_product_leads_to_it(product_id: int) -> None:
    found = resolve(f"https://www.aliexpress.us/item/{product_id + US}.html")
    assert found.product_id == str(product_id)


HOST = st.from_regex(r"[a-z0-9-]{1,12}(\.[a-z0-9-]{1,12}){1,3}", fullmatch=True)


@given(HOST, st.sampled_from(["", "www.aliexpress.com.", "aliexpress.com-", "www.aliexpress.com@"]))
def test_no_other_host_is_ever_accepted(host: str, lure: str) -> None:
    ours = host.endswith((".aliexpress.com", ".aliexpress.ru", ".aliexpress.us"))
    if not (ours or host in aliexpress().domains):
        assert resolve(f"https://{lure}{host}/item/32845522857.html").verdict == "refuse"
