"""Values that several facts share: people, products, evidence."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from contracts.envelope import Contract

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", examples=["ru"])]
"""A BCP 47 language tag, such as `en`, `ru`, `ar` or `pt-BR`."""


class Person(Contract):
    """A complainant. Personal data: shown to the complainant and to moderators, to nobody else.

    `id` is the member id of the marketplace, or, for a guest, derived from the e-mail address.
    """

    kind: Literal["member", "guest"]
    id: str
    name: str
    email: str
    language: Language

    @property
    def actor(self) -> str:
        return f"{self.kind}:{self.id}"


class Product(Contract):
    """What was complained about. `product_id` is None while a short link is unresolved."""

    link: str
    product_id: str | None


class Evidence(Contract):
    """A file in the object store, as recognised from its content.

    `size` in bytes; `sha256` of the stored bytes, in hexadecimal.
    """

    id: str
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_at: AwareDatetime
    uploaded_by: str
