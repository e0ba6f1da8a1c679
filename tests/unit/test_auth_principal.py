"""Who somebody is: names in the log, roles, grants, and where a browser may be sent."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.runtime.auth import Principal, Role, from_identity, guest_id, same_origin_path


@pytest.mark.parametrize(
    ("principal", "actor"),
    [
        (Principal("member", "ivan", roles=frozenset({"customer"})), "member:ivan"),
        (Principal("staff", "mia", roles=frozenset({"moderator"})), "moderator:mia"),
        (
            Principal("staff", "sven", roles=frozenset({"senior_moderator"})),
            "senior_moderator:sven",
        ),
        (Principal("staff", "olga", roles=frozenset({"appeals_officer"})), "appeals_officer:olga"),
        (Principal("machine", "export"), "machine:export"),
        (Principal("guest", "4f2a"), "guest:4f2a"),
    ],
)
def test_the_log_names_who_acted(principal: Principal, actor: str) -> None:
    assert principal.actor == actor


@pytest.mark.parametrize(
    ("held", "asked", "may"),
    [
        ("moderator", "moderator", True),
        ("senior_moderator", "moderator", True),
        ("moderator", "senior_moderator", False),
        ("appeals_officer", "moderator", False),
        ("customer", "moderator", False),
    ],
)
def test_a_senior_moderator_is_a_moderator_and_nobody_else_is(
    held: Role, asked: Role, may: bool
) -> None:
    assert Principal("staff", "x", roles=frozenset({held})).may(asked) is may


def test_a_guest_is_the_same_however_the_address_is_typed() -> None:
    assert Principal.guest(" Anna@Example.org").id == guest_id("anna@example.org")
    assert not Principal.guest("anna@example.org").signed_in


def test_a_link_grants_one_thing() -> None:
    guest = Principal.guest("anna@example.org").granted("complaint", "c1")
    assert guest.holds("complaint", "c1")
    assert not guest.holds("complaint", "c2")
    assert not guest.holds("case", "c1")


def test_claims_become_a_member_or_staff() -> None:
    ivan = from_identity({"sub": "ivan", "name": "Иван", "email": "i@x.example", "locale": "ru"})
    assert ivan == Principal(
        "member", "ivan", "Иван", "i@x.example", "ru", roles=frozenset({"customer"})
    )
    mia = from_identity({"sub": "mia", "roles": ["moderator", "astronaut"], "locale": "<b>"})
    assert mia == Principal("staff", "mia", "mia", roles=frozenset({"moderator"}))


ORIGIN = "https://redress.example"


@given(
    st.one_of(
        st.text(max_size=60),
        st.text(alphabet="/\\.:@?#\t\n\r evilxample%5cC", max_size=30).map(lambda s: f"/{s}"),
    )
)
@example("//evil.example")
@example("/\\evil.example")
@example("/\t/evil.example")
@example("https://evil.example")
@example("javascript:alert(1)")
@example("/sign-in?next=/")
def test_a_browser_is_never_sent_to_another_origin(value: str) -> None:
    path = same_origin_path(value)
    # As browsers read addresses: backslashes are slashes, tabs and line breaks are not there.
    as_read = path.replace("\\", "/").translate({9: None, 10: None, 13: None}).strip()
    target = urlsplit(urljoin(f"{ORIGIN}/sign-in/callback", as_read))
    assert f"{target.scheme}://{target.netloc}" == ORIGIN


@pytest.mark.parametrize("path", ["/", "/complaints/new?product_link=a%20b", "/center#mine"])
def test_a_path_on_this_origin_is_kept(path: str) -> None:
    assert same_origin_path(path) == path


@pytest.mark.parametrize("value", [None, "", "center", "/" + "x" * 3000, "/sign-out"])
def test_what_is_no_place_to_return_to_becomes_the_start_page(value: str | None) -> None:
    assert same_origin_path(value) == "/"
