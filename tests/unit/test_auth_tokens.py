"""What is signed holds as it was signed, for as long as it was signed for, and for nothing else."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from starlette.responses import Response

from services.runtime.auth import Auth, InvalidToken, LinkRefused, Principal
from services.runtime.auth.keys import subkey

SECRET = "a secret that is long enough for tests"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MIA = Principal("staff", "mia", "Mia Novak", "mia@example.org", "en", frozenset({"moderator"}))
IVAN = Principal("member", "ivan", "Иван", "ivan@example.org", "ru", frozenset({"customer"}))


def auth_at(time: datetime, *, secret: str = SECRET, url: str = "http://127.0.0.1:8080") -> Auth:
    return Auth(secret_key=secret, public_url=url, clock=lambda: time)


AUTH = auth_at(NOW)
TOKEN = AUTH.tokens.issue(MIA)
LINK = AUTH.links.sign("complaint", "4f2a", holder="91bc")
SPELLING = st.sampled_from("ABCXYZabcxyz0189-_.=+/ ~é\n")


def changed(text: str) -> st.SearchStrategy[str]:
    """`text` with one character replaced, dropped or added, anywhere."""
    place = st.integers(0, len(text) - 1)
    replaced = st.builds(lambda at, c: text[:at] + c + text[at + 1 :], place, SPELLING)
    dropped = place.map(lambda at: text[:at] + text[at + 1 :])
    added = st.builds(lambda at, c: text[:at] + c + text[at:], place, SPELLING)
    return st.one_of(replaced, dropped, added).filter(lambda other: other != text)


def test_a_token_says_who_it_was_issued_to() -> None:
    assert AUTH.tokens.read(TOKEN) == MIA
    assert AUTH.tokens.read(AUTH.tokens.issue(IVAN)) == IVAN


@given(changed(TOKEN))
def test_a_token_with_any_character_changed_is_refused(forged: str) -> None:
    with pytest.raises(InvalidToken):
        AUTH.tokens.read(forged)


@given(changed(LINK))
def test_a_link_with_any_character_changed_is_refused(forged: str) -> None:
    with pytest.raises(LinkRefused):
        AUTH.links.read(forged)


@given(st.text(max_size=200))
def test_no_text_at_all_is_taken_for_a_token_or_a_link(text: str) -> None:
    with pytest.raises(InvalidToken):
        AUTH.tokens.read(text)
    with pytest.raises(LinkRefused):
        AUTH.links.read(text)
    with pytest.raises(LinkRefused):
        AUTH.links.read(f"link_{text}")


@pytest.mark.parametrize(
    ("after", "refusal"),
    [
        (timedelta(hours=-1), "not valid yet"),
        (timedelta(0), None),
        (timedelta(hours=12, seconds=-1), None),
        (timedelta(hours=12), "expired"),
    ],
)
def test_a_token_is_good_for_twelve_hours(after: timedelta, refusal: str | None) -> None:
    later = auth_at(NOW + after)
    if refusal is None:
        assert later.tokens.read(TOKEN) == MIA
    else:
        with pytest.raises(InvalidToken, match=refusal):
            later.tokens.read(TOKEN)


@pytest.mark.parametrize(
    "other",
    [
        auth_at(NOW, secret="another secret that is long enough too"),
        auth_at(NOW, url="https://elsewhere.example"),
    ],
)
def test_a_token_of_another_deployment_is_refused(other: Auth) -> None:
    with pytest.raises(InvalidToken):
        AUTH.tokens.read(other.tokens.issue(MIA))


def test_a_session_is_no_bearer_token_and_a_link_is_neither() -> None:
    response = Response()
    AUTH.sessions.open(response, MIA)
    session = response.headers["set-cookie"].partition(";")[0].partition("=")[2]
    for foreign in (session, LINK):
        with pytest.raises(InvalidToken):
            AUTH.tokens.read(foreign)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("algorithm", ["none", "HS512"])
def test_another_algorithm_is_refused(algorithm: str) -> None:
    claims = jwt.decode(TOKEN, options={"verify_signature": False})
    key = "" if algorithm == "none" else subkey(SECRET, "api")
    with pytest.raises(InvalidToken):
        AUTH.tokens.read(jwt.encode(claims, key, algorithm=algorithm))


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "iat", "nbf", "exp", "jti", "kind"])
def test_a_token_that_lacks_a_claim_is_refused(claim: str) -> None:
    claims = jwt.decode(TOKEN, options={"verify_signature": False})
    del claims[claim]
    with pytest.raises(InvalidToken):
        AUTH.tokens.read(jwt.encode(claims, subkey(SECRET, "api"), algorithm="HS256"))


def test_a_token_with_a_role_of_a_later_version_is_read_without_it() -> None:
    claims = jwt.decode(TOKEN, options={"verify_signature": False})
    claims["roles"] = ["moderator", "astronaut"]
    token = jwt.encode(claims, subkey(SECRET, "api"), algorithm="HS256")
    assert AUTH.tokens.read(token).roles == {"moderator"}


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_a_link_carries_what_was_signed(purpose: str, subject: str, holder: str) -> None:
    link = AUTH.links.verify(purpose, AUTH.links.sign(purpose, subject, holder=holder))
    assert (link.subject, link.holder, link.expires) == (subject, holder, None)


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_link_for_one_purpose_opens_no_other(purpose: str, other: str) -> None:
    assume(purpose != other)
    with pytest.raises(LinkRefused):
        AUTH.links.verify(other, AUTH.links.sign(purpose, "4f2a"))


def test_a_link_is_the_same_every_time_it_is_signed() -> None:
    assert AUTH.links.sign("complaint", "4f2a", holder="91bc") == LINK
    assert auth_at(NOW + timedelta(days=365)).links.verify("complaint", LINK).subject == "4f2a"


def test_a_link_ends_when_it_says() -> None:
    link = AUTH.links.sign("case", "c1", expires=NOW + timedelta(days=7))
    assert auth_at(NOW + timedelta(days=7, seconds=-1)).links.verify("case", link).subject == "c1"
    with pytest.raises(LinkRefused, match="expired"):
        auth_at(NOW + timedelta(days=7)).links.verify("case", link)


def test_keys_differ_by_purpose_and_by_secret() -> None:
    purposes = ["api", "session", "link", "csrf", "sign-in"]
    keys = {subkey(secret, each) for each in purposes for secret in (SECRET, SECRET + "!")}
    assert len(keys) == 2 * len(purposes)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 characters"):
        auth_at(NOW, secret="short")
