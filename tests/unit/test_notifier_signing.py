"""DKIM: a mail that anybody can verify, and nobody can change."""

from base64 import b64encode
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from services.notifier.composing import Sender, compose
from services.notifier.rendering import Links, render
from services.notifier.signing import signer
from services.notifier.so_far import CaseSoFar
from tests.telling import filed, mails

(MAIL,) = mails(filed(), CaseSoFar(), filed())
SENDER = Sender("Desk", "desk@market.example", "market.example")
LINKS = Links("https://market.example", lambda *_: "token")


@pytest.fixture(scope="module", params=["rsa", "ed25519"])
def key(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, bytes]:
    """A private key's file, and the DNS record of the public one."""
    file = tmp_path_factory.mktemp("dkim") / "key"
    if request.param == "ed25519":
        seeded = ed25519.Ed25519PrivateKey.generate()
        file.write_bytes(b64encode(seeded.private_bytes_raw()) + b"\n")
        return file, b"v=DKIM1; k=ed25519; p=" + b64encode(seeded.public_key().public_bytes_raw())
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file.write_bytes(
        made.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    public = made.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return file, b"v=DKIM1; k=rsa; p=" + b64encode(public)


def test_a_signed_mail_verifies_and_a_changed_one_does_not(key: tuple[Path, bytes]) -> None:
    file, record = key
    sign = signer("s1", "market.example", file)
    link = "https://market.example/mail/unsubscribe/news?token=t"
    letter = sign(compose(MAIL, render(MAIL, LINKS, brand="x"), SENDER, unsubscribe=link))

    def dns(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"s1._domainkey.market.example."
        return record

    assert dkim.verify(letter.content, dnsfunc=dns)
    assert b"list-unsubscribe-post" in letter.content.partition(b"b=")[0].lower()
    for changed in (
        letter.content.replace(
            b"List-Unsubscribe: <https://market", b"List-Unsubscribe: <https://evil"
        ),
        letter.content.replace(b"C-C2BZW-F6648", b"C-C2BZW-F6649"),
    ):
        assert changed != letter.content
        assert not dkim.verify(changed, dnsfunc=dns)
