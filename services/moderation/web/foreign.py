"""What a moderator reads in another language than their own."""

from collections.abc import Iterator

from services.moderation.read_models import CaseDetail
from services.runtime.translator import Original


def originals(case: CaseDetail) -> Iterator[Original]:
    """Everything that the two sides wrote in a case."""
    for complaint in case.complainants:
        yield Original(complaint.description, complaint.language)
    for answer in case.answers:
        yield Original(answer.text)
