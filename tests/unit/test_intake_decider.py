"""What may be filed and answered, given / when / then. R22-R29, R35; DSA Art. 16(2)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.parties import Evidence, Product
from contracts.taxonomy import taxonomy
from services.intake import checks
from services.intake.decider.filing import FileComplaint, Sender, file
from services.intake.language import language_of
from services.runtime.problems import Invalid

NOW = datetime(2025, 11, 12, 9, 0, tzinfo=UTC)
DUE = NOW + timedelta(days=7)
IVAN = Sender("member", "ivan", "Ivan", "ivan@example.org", "ru")
PHOTO = Evidence(
    id="e" * 32,
    name="photo.jpg",
    media_type="image/jpeg",
    size=1,
    sha256="0" * 64,
    uploaded_at=NOW,
    uploaded_by="member:ivan",
)
GUIDES_EXAMPLE = FileComplaint(
    complaint_id="c" * 32,
    product_link="http://ru.aliexpress.com/item/Crystal-Case-Cover/32700000001.html",
    reason="SM3",
    description="Чехол для телефона выставлен в категории «Косметички».",
    sender=IVAN,
    evidence=(PHOTO,),
    good_faith=True,
)


def refused_fields(command: FileComplaint) -> set[str]:
    with pytest.raises(Invalid) as refused:
        file(command, now=NOW)
    assert all(each["message"].endswith((".", "org.")) for each in refused.value.errors)
    return {each["field"] for each in refused.value.errors}


def test_r20_r23_r26_the_guides_example_is_filed_as_third_type_and_third_reason() -> None:
    filed = file(GUIDES_EXAMPLE, now=NOW)
    assert (filed.complaint_type, filed.reason) == ("SM", "SM3")
    assert taxonomy().types[2].code == "SM"
    assert taxonomy().types[2].reasons[2].code == "SM3"
    assert filed.product.product_id == "32700000001"
    assert filed.language == filed.complainant.language == "ru"
    assert filed.evidence == (PHOTO,)
    assert filed.filed_at == NOW


def test_r27_r28_the_description_is_kept_as_written_in_any_language() -> None:
    text = "  مكتوب 2 تيرابايت\r\nوالسعة الحقيقية 32 جيجابايت  "
    filed = file(replace(GUIDES_EXAMPLE, description=text), now=NOW)
    assert (filed.description, filed.language) == (text, "ar")
    assert filed.complainant.language == "ru"


def test_a_language_that_is_named_holds_for_description_and_mails() -> None:
    filed = file(replace(GUIDES_EXAMPLE, language="uk"), now=NOW)
    assert filed.language == filed.complainant.language == "uk"


def test_a_short_link_is_filed_with_its_product_unknown() -> None:
    short = "https://a.aliexpress.com/_mKjL9Cq"
    filed = file(replace(GUIDES_EXAMPLE, product_link=short), now=NOW)
    assert filed.product == Product(link=short, product_id=None)


@pytest.mark.parametrize("code", [r.code for t in taxonomy().types for r in t.reasons])
def test_r22_r25_every_reason_of_the_taxonomy_can_be_filed(code: str) -> None:
    assert file(replace(GUIDES_EXAMPLE, reason=code), now=NOW).reason == code


def test_everything_that_needs_another_look_is_told_at_once() -> None:
    nothing = FileComplaint("c" * 32, "", "", " \n", Sender("guest", "g", "", ""))
    assert refused_fields(nothing) == {
        "product_link",
        "reason",
        "description",
        "name",
        "email",
        "good_faith",
    }


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"product_link": "https://evil.example/item/1.html"}, "product_link"),
        ({"product_link": "https://www.aliexpress.com/store/1"}, "product_link"),
        ({"reason": "SM"}, "reason"),
        ({"reason": "XX7"}, "reason"),
        ({"description": "x" * 20_001}, "description"),
        ({"description": "a\x00b"}, "description"),
        ({"evidence": (None,)}, "evidence"),
        ({"evidence": (PHOTO,) * 6}, "evidence"),
        ({"good_faith": False}, "good_faith"),
        ({"sender": replace(IVAN, name="x" * 201)}, "name"),
        ({"sender": replace(IVAN, email="ivan")}, "email"),
        ({"sender": replace(IVAN, email="ivan@example.org\r\nBcc: all@example.org")}, "email"),
    ],
)
def test_each_flaw_is_told_beside_its_field(changed: dict[str, object], field: str) -> None:
    assert refused_fields(replace(GUIDES_EXAMPLE, **changed)) == {field}  # type: ignore[arg-type]


def test_the_longest_description_and_five_files_are_taken() -> None:
    file(replace(GUIDES_EXAMPLE, description="ы" * 20_000, evidence=(PHOTO,) * 5), now=NOW)


@pytest.mark.parametrize(
    "address",
    ["a@example.org", "o'brien+shop@mail.example.co.uk", "x_1@xn--e1afmkfd.xn--p1ai"],
)
def test_an_email_address_is_taken(address: str) -> None:
    assert checks.email(checks.address(f"  {address} ")) is None


def test_the_domain_of_an_address_is_written_as_mail_servers_know_it() -> None:
    assert checks.address("ivan@пример.рф") == "ivan@xn--e1afmkfd.xn--p1ai"


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@b", "@example.org", "a@example..org", "a b@example.org", "a@-x.org", "a@1.2.3.4"],
)
def test_what_is_no_email_address_is_refused(address: str) -> None:
    assert checks.email(checks.address(address))


@given(st.text(max_size=300))
def test_what_passes_as_an_address_can_stand_in_a_mails_header(text: str) -> None:
    address = checks.address(text)
    if checks.email(address) is None:
        assert address.isascii()
        assert address.isprintable()
        assert address.count("@") == 1


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Чехол для телефона выставлен в категории «Косметички» (USB-C).", "ru"),
        ("Чохол для телефону її.", "uk"),
        ("مكتوب 2 تيرابايت", "ar"),
        ("گوشی تقلبی است", "fa"),
        ("ケースのカテゴリが違う漢字", "ja"),
        ("商品类目错误", "zh"),
        ("잘못된 카테고리", "ko"),
        ("The logo is identical.", "en"),
        ("12345 !!", "en"),
    ],
)
def test_r28_the_language_of_a_description_is_found(text: str, language: str) -> None:
    assert language_of(text) == language


def test_latin_letters_leave_the_language_to_the_account() -> None:
    assert language_of("La funda está en la categoría equivocada.", "es") == "es"
    assert language_of("The seller said: кот", "ru") == "en"
    assert language_of("Order 8e3a-5o1o-a7o4 has not arrived", "en") == "en"  # no Portuguese in it
