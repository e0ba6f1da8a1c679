"""Files that come with a page's form: taken at once, kept by their ids in the form."""

from collections.abc import Sequence
from typing import NamedTuple

from starlette.datastructures import FormData

from contracts.parties import Evidence
from services.intake.evidence import EvidenceDesk
from services.intake.evidence_kinds import FILES_AT_MOST
from services.intake.filing import Filing, uploader
from services.intake.uploads import files_of
from services.runtime.auth import Principal
from services.runtime.problems import Refused, Unavailable
from services.runtime.sentences import gettext as _
from services.runtime.sentences import joined

FIELD = "files"
REMOVE = "remove:"


class Attached(NamedTuple):
    """The ids that stay, and a sentence about what could not be taken."""

    ids: tuple[str, ...]
    flaw: str | None


async def attach(
    form: FormData, ids: Sequence[str], *, desk: EvidenceDesk, who: Principal | None
) -> Attached:
    """Takes the files that were chosen, beside those taken before, as far as there is room."""
    kept, flaws = list(ids), []
    for file in files_of(form, FIELD):
        if len(kept) >= FILES_AT_MOST:
            flaws.append(
                _("At most %(n)s files can be attached; the others were left out.")
                % {"n": FILES_AT_MOST}
            )
            break
        try:
            kept.append((await desk.take(file, by=uploader(who))).id)
        except Refused as refused:
            flaws.append(refused.detail)
    return Attached(tuple(kept), joined(flaws, " ") if flaws else None)


def without(ids: Sequence[str], pressed: str) -> tuple[str, ...]:
    """The ids without the one whose “Remove” button was pressed."""
    return tuple(each for each in ids if pressed != REMOVE + each)


async def shown(ids: Sequence[str], *, filing: Filing, who: Principal | None) -> list[Evidence]:
    """The files behind the ids, as the form lists them; none while the store is away, since a page
    without their names is better than none, and the form carries the ids."""
    try:
        return [each for each in await filing.named(ids, who) if each is not None]
    except Unavailable:
        return []
