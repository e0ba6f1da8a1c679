"""The demo people: everyone that the walk through a complaint needs."""

from typing import Final, NamedTuple


class Person(NamedTuple):
    """`about` says in a few words who this is, for the sign-in page."""

    id: str
    name: str
    language: str
    roles: tuple[str, ...]
    about: str

    @property
    def email(self) -> str:
        return f"{self.id}@example.org"


PEOPLE: Final = (
    Person("ivan", "Иван Петров", "ru", ("customer",), "Buyer, reads Russian"),
    Person("layla", "ليلى حداد", "ar", ("customer",), "Buyer, reads Arabic"),
    Person("sunrise-store", "Sunrise Store", "en", ("customer",), "Seller"),
    Person("shenzhen-gadgets", "Shenzhen Gadgets", "en", ("customer",), "Seller"),
    Person("mia", "Mia Novak", "en", ("moderator",), "Moderator"),
    Person("sven", "Sven Lindqvist", "en", ("senior_moderator",), "Senior moderator"),
    Person("olga", "Olga Marin", "en", ("appeals_officer",), "Appeals officer"),
    Person("pavel", "Павел Орлов", "ru", ("operator",), "Support operator, speaks Russian"),
    Person("susan", "Susan Clarke", "en", ("supervisor",), "Supervisor"),
)

GROUPS: Final = (
    ("Buyers", PEOPLE[0:2]),
    ("Sellers", PEOPLE[2:4]),
    ("Staff", PEOPLE[4:]),
)


def find(person_id: str) -> Person | None:
    return next((person for person in PEOPLE if person.id == person_id), None)
