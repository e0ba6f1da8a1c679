"""Examples of commands and of what they come to, for the API's documentation."""

from collections.abc import Mapping
from typing import Any, Final

Example = dict[str, Any]

_FACTS: Final = "The listing stands in Cosmetic bags; the goods are phone cases."
_MEASURE: Final = "0cf1d8b7a94f4a0f9a2f5b8f3f0d7c11"
_CASE: Final = "5f0c2f6a3a7d4b9c8f4f0b1f6f9a2e77"

COMMANDS: Final[Mapping[str, tuple[tuple[str, Example], ...]]] = {
    "admit": (("It can be decided", {}),),
    "declare-inadmissible": (
        (
            "Not of this marketplace",
            {"explanation": "The link leads to a listing of another marketplace."},
        ),
    ),
    "retype": (
        (
            "Moved to the right type",
            {"reason": "CF1", "explanation": "It is about a fake, not about the category."},
        ),
    ),
    "claim": (("For ten minutes", {}),),
    "release": (("Given back", {}),),
    "request-information": (
        (
            "One complainant is asked",
            {"complaint_id": _CASE[::-1], "question": "When did you order it?"},
        ),
    ),
    "request-counter-notice": (
        (
            "The accused is asked",
            {"allegation": "The phone case is listed under Cosmetic bags.", "evidence": []},
        ),
        (
            "With the whole account at stake",
            {"allegation": "Buyers were asked to pay elsewhere.", "account_at_stake": True},
        ),
    ),
    "grant-extension": (("A week more", {"days": 7}),),
    "refuse-extension": (
        ("No more time", {"explanation": "The proof asked for is a document at hand."}),
    ),
    "impose-interim-measure": (
        (
            "Hidden until the decision",
            {"kind": "listing_hidden", "facts": "The goods may be dangerous: they catch fire."},
        ),
    ),
    "keep-interim-measure": (
        ("It stays", {"measure_id": _MEASURE, "explanation": "The test report is awaited."}),
    ),
    "lift-interim-measure": (
        ("It ends", {"measure_id": _MEASURE, "explanation": "The goods passed the test."}),
    ),
    "hold": (("The clocks stand still", {"reason": "An authority investigates."}),),
    "resume": (("The clocks run again", {}),),
    "decide": (
        (
            "Upheld",
            {"outcome": "upheld", "facts": _FACTS, "restrictions": ["listing_hidden"]},
        ),
        (
            "Upheld, and the account frozen once a second person approves",
            {
                "outcome": "upheld",
                "facts": "The goods are fakes of a brand; so were three others.",
                "findings": [{"reason": "CF1", "gravity": "extreme"}],
                "restrictions": ["listing_removed"],
                "measures": [{"kind": "account_frozen", "days": 30}],
            },
        ),
        (
            "Dismissed",
            {"outcome": "dismissed", "facts": "The listing stands in its own category."},
        ),
    ),
    "approve": (("By a second person", {}),),
    "return": (("Back to review", {"explanation": "Name the evidence for the second listing."}),),
    "decide-appeal": (
        (
            "Affirmed",
            {
                "appeal_id": _CASE,
                "result": "affirmed",
                "explanation": "The new photo shows the same goods in the same category.",
            },
        ),
        (
            "Overturned",
            {
                "appeal_id": _CASE,
                "result": "overturned",
                "explanation": "The category had been moved before the complaint was filed.",
                "ruling": {"outcome": "dismissed", "facts": "The category was right."},
            },
        ),
    ),
    "reopen": (("New evidence", {"ground": "The brand's owner sent an expert's report."}),),
    "escalate": (("For senior moderators", {"reason": "Press asks about it."}),),
    "mark-out-of-court": (
        ("Before a settlement body", {"open": True, "reference": "ADR Centre, 2026/118"}),
    ),
    "link": (("With another case", {"case_id": _CASE}),),
    "add-note": (
        ("For staff", {"visibility": "internal", "text": "Same warehouse as in the other case."}),
    ),
}
"""For each command on a case, what it is called and its body."""

ON_MEASURES: Final[Mapping[str, tuple[tuple[str, Example], ...]]] = {
    "approve": (
        ("As proposed", {}),
        ("An account closed at once", {"immediate_ground": "Money is being taken right now."}),
    ),
    "refuse": (("Not imposed", {"explanation": "The last finding is under appeal."}),),
    "lift": (("Before its time", {"explanation": "The proof of origin came."}),),
}

REASON_TEXTS: Final[tuple[tuple[str, Example], ...]] = (
    (
        "For search manipulation, in two languages",
        {
            "types": ["SM"],
            "wordings": [
                {
                    "language": "en",
                    "title": "Keywords of other brands",
                    "text": "“{title}” names [brands], whose goods it does not offer.",
                },
                {
                    "language": "ru",
                    "title": "Чужие бренды в названии",
                    "text": "В «{title}» названы [бренды], товаров которых там нет.",
                },
            ],
        },
    ),
    (
        "For every type of complaint",
        {"wordings": [{"language": "en", "title": "Mended", "text": "Corrected on [date]."}]},
    ),
)

REPORT_ENTRIES: Final[tuple[tuple[str, Example], ...]] = (
    (
        "Recipients in two Member States, and words",
        {
            "entries": [
                {
                    "section": "recipients (Art. 24(2), Art. 42(3))",
                    "indicator": "average monthly active recipients",
                    "category": state,
                    "value": number,
                }
                for state, number in (("DE", 120000), ("FR", 90000))
            ]
            + [
                {
                    "section": "automated means (Art. 15(1)(e))",
                    "indicator": "safeguards",
                    "text": "A person decides every case.",
                }
            ]
        },
    ),
)

ACTED: Final[Example] = {
    "id": _CASE,
    "number": "K-93BA7-3SV0C",
    "state": "decided",
    "version": 245,
    "sequence": 245,
    "allowed": [
        {"command": "reopen", "allowed": True, "reason": None},
        {"command": "decide", "allowed": False, "reason": "The case is decided already."},
    ],
}

MEMBER_ACTED: Final[Example] = {
    "member": "member:sunrise-store",
    "measure": {
        "id": _MEASURE,
        "kind": "account_frozen",
        "state": "active",
        "days": 7,
        "product_id": None,
        "case_id": _CASE,
        "decision_id": _CASE[::-1],
        "track": "IPS",
        "threshold": "1",
        "total": "1",
        "finding_id": _MEASURE[::-1],
        "starts_at": "2026-11-23T09:10:00Z",
        "ends_at": "2026-11-30T09:10:00Z",
        "allowed": [{"command": "lift", "allowed": True, "reason": None}],
    },
    "version": 12,
    "sequence": 246,
}


def shown_as(examples: tuple[tuple[str, Example], ...]) -> dict[str, Any]:
    """Examples as OpenAPI has them."""
    return {summary: {"summary": summary, "value": value} for summary, value in examples}


def answered(example: Example) -> dict[int | str, dict[str, Any]]:
    """An example of the answer."""
    return {200: {"content": {"application/json": {"example": example}}}}
