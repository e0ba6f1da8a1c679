"""`make token`: prints a bearer token of a demo person, for the API of the installation here.

In a container the same is `docker compose -f deploy/compose.yaml exec intake python -m
deploy.bearer_token --role moderator`: there the environment tells the secret and the address.
"""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from deploy.credentials import credentials
from deploy.marketplace.people import PEOPLE, Person
from deploy.occupancy import running_on
from services.runtime.auth import Auth
from services.runtime.auth.principal import ROLES, from_identity
from services.runtime.auth.scopes import known_scopes
from services.runtime.clock import utcnow


def main() -> int:
    parser = argparse.ArgumentParser(prog="make token", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("var/data"))
    parser.add_argument("--role", default="")
    parser.add_argument("--member", default="")
    parser.add_argument(
        "--scopes", default="", help="parted by blanks; none: all that the role may"
    )
    arguments = parser.parse_args()
    try:
        person = whose(arguments.role, arguments.member)
        scopes = known_scopes(arguments.scopes.replace(",", " ").split())
        auth = _auth(arguments.data)
    except LookupError as unknown:
        print(unknown.args[0], file=sys.stderr)
        return 1
    print(token_of(person, auth, scopes=scopes or None))
    return 0


def token_of(person: Person, auth: Auth, *, scopes: frozenset[str] | None = None) -> str:
    """A token as this person would have it after signing in; with `scopes`, for those only."""
    claims = {
        "sub": person.id,
        "name": person.name,
        "email": person.email,
        "locale": person.language,
        "roles": person.roles,
    }
    return auth.tokens.issue(replace(from_identity(claims), scopes=scopes))


def whose(role: str, member: str) -> Person:
    """The demo person of that id, else the first one with that role.

    Raises LookupError with a sentence that says what there is.
    """
    if not role and not member:
        raise LookupError("Say whose: make token ROLE=moderator, or make token MEMBER=ivan")
    if role and role not in ROLES:
        raise LookupError(f"There is no role {role!r}; the roles are {', '.join(sorted(ROLES))}.")
    if member:
        person = next((each for each in PEOPLE if each.id == member), None)
        if person is None:
            known = ", ".join(each.id for each in PEOPLE)
            raise LookupError(f"There is no demo person {member!r}; there are {known}.")
        if role and role not in person.roles:
            raise LookupError(f"{member} is no {role} but: {', '.join(person.roles)}.")
        return person
    person = next((each for each in PEOPLE if role in each.roles), None)
    return person or Person(role, role.capitalize(), "en", (role,), "No demo person has this role")


def _auth(data: Path) -> Auth:
    """Signs like the installation that is meant. Raises LookupError where there is none."""
    if secret := os.environ.get("REDRESS_SECRET_KEY"):
        return Auth(secret_key=secret, public_url=os.environ["REDRESS_PUBLIC_URL"], clock=utcnow)
    running = running_on(data)
    if running is None:
        raise LookupError(f"Nothing runs on {data}. Start it first: make up")
    return Auth(
        secret_key=credentials(data.resolve()).secret_key, public_url=running.url, clock=utcnow
    )


if __name__ == "__main__":
    sys.exit(main())
