"""Pictures of listings are shown from where the marketplace keeps them, and from nowhere else."""

import pytest

from services.runtime.pictures import Pictures, origins
from services.runtime.web.pages import PAGE_HEADERS, POLICY

PICTURES = Pictures(
    "https://help.example", origins("https://ae01.alicdn.com https://*.aliexpress-media.com")
)


@pytest.mark.parametrize(
    "url",
    [
        "/marketplace/pictures/1.svg",
        "https://help.example/marketplace/pictures/1.svg",
        "https://ae01.alicdn.com/kf/1.jpg",
        "https://AE01.alicdn.com/kf/1.jpg",
        "https://ae-pic-a1.aliexpress-media.com/1.jpg",
    ],
)
def test_a_picture_of_a_named_origin_is_shown(url: str) -> None:
    assert PICTURES.shown(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "http://ae01.alicdn.com/kf/1.jpg",
        "https://ae01.alicdn.com.evil.example/1.jpg",
        "https://evilaliexpress-media.com/1.jpg",
        "https://aliexpress-media.com@evil.example/1.jpg",
        "https://evil.example/?.aliexpress-media.com",
        "//evil.example/1.jpg",
        "javascript:alert(1)",
        "data:image/svg+xml,<svg/>",
    ],
)
def test_a_picture_from_elsewhere_is_left_out(url: str | None) -> None:
    assert PICTURES.shown(url) is None


def test_the_pages_policy_names_the_origins_for_pictures_alone() -> None:
    policy = PICTURES.allowed_by(PAGE_HEADERS[POLICY])
    parts = {part.split()[0]: part for part in policy.split("; ")}
    assert "https://ae01.alicdn.com https://*.aliexpress-media.com" in parts["img-src"]
    assert [name for name, part in parts.items() if "alicdn" in part] == ["img-src"]
    assert Pictures("https://help.example").allowed_by(policy) == policy


@pytest.mark.parametrize("text", ["'unsafe-inline'", "https://a.example; script-src *", "*", "x"])
def test_what_is_no_origin_is_no_setting(text: str) -> None:
    with pytest.raises(ValueError, match="no origins"):
        origins(text)
