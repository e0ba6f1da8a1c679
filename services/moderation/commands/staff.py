"""What people may ask of a case, over the API and from the console."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PrivateAttr

from contracts.case import Outcome, SharedFile
from services.moderation.commands.base import Command, GroundTold, Line, Territory, Text

Restriction = Literal[
    "warning",
    "search_demotion",
    "listing_hidden",
    "listing_removed",
    "listing_frozen",
    "listing_restriction",
]
"""What a decision may impose on a listing or its member without a second person's consent."""

WideKind = Literal["payout_hold", "account_frozen", "account_closed"]
"""What concerns money or a whole account."""


class Admit(Command):
    """The complaint can be decided: it is complete, about a rule, and not abusive."""


class DeclareInadmissible(Command):
    """The complaint cannot be decided. `explanation` is told to every complainant."""

    explanation: Annotated[
        Text, Field(examples=["The link leads to a listing of another marketplace."])
    ]


class Claim(Command):
    """Take the case for ten minutes, or hold it for ten more."""


class Release(Command):
    """Give the case back."""


class RequestInformation(Command):
    """Ask one complainant for what is missing; the case waits for the answer or the deadline."""

    complaint_id: str
    question: Annotated[Text, Field(examples=["When did you order it?"])]


class RequestCounterNotice(Command):
    """Ask the accused. `allegation` is what they are told: no word about who complained. `evidence`
    are ids of complainants' files that they need to see in order to answer, and may see; without
    their names, and without who sent them."""

    allegation: Annotated[
        Text,
        Field(examples=["The phone case is listed under Cosmetic bags, not under Phone cases."]),
    ]
    account_at_stake: bool = False
    evidence: Annotated[tuple[str, ...], Field(max_length=20)] = ()

    _shared: tuple[SharedFile, ...] = PrivateAttr(default=())

    def sharing(self, files: tuple[SharedFile, ...]) -> Self:
        """The same, with what is known of the files that `evidence` names."""
        found = self.model_copy()
        found._shared = files
        return found

    @property
    def shared(self) -> tuple[SharedFile, ...]:
        return self._shared


class GrantExtension(Command):
    """Give the accused more time to answer, once, by at most the days that the policy allows."""

    days: Annotated[int, Field(ge=1, le=60, examples=[7])]


class RefuseExtension(Command):
    """The accused asked for more time and does not get it; `explanation` tells them why."""

    explanation: Text


class Retype(Command):
    """Move the case to the reason (and so the type) that is right. Nobody has to file anew."""

    reason: Annotated[str, Field(examples=["SM3"])]
    explanation: Text


class Hold(Command):
    """Stop the clocks, for instance while an authority investigates."""

    reason: Text


class Resume(Command):
    """Let the clocks run again; each deadline moves by as long as they stood still."""


class Escalate(Command):
    """Mark the case for senior moderators, or take the mark off."""

    escalated: bool = True
    reason: Text


class MarkOutOfCourt(Command):
    """The case is, or is no longer, before an out-of-court settlement body (DSA, Art. 21)."""

    open: bool = True
    reference: Line


class Link(Command):
    """Join this case to another one about the same matter, each staying a case of its own."""

    case_id: Annotated[str, Field(pattern=r"^[0-9a-z-]{1,64}$")]


class AddNote(Command):
    """Write a note: `internal` for staff alone, `public` for both parties to read."""

    visibility: Literal["internal", "public"] = "internal"
    text: Text


class ImposeInterimMeasure(Command):
    """Hide or freeze the listing until the decision, told at once with its own statement."""

    kind: Literal["listing_hidden", "listing_frozen"]
    facts: Text
    ground: GroundTold | None = None
    territory: Annotated[tuple[Territory, ...], Field(min_length=1, max_length=60)] = ("worldwide",)
    automated_detection: bool = False
    automated_decision: bool = False


class KeepInterimMeasure(Command):
    """Having looked again, keep the interim measure until it is looked at once more."""

    measure_id: str
    explanation: Text


class LiftInterimMeasure(Command):
    """End the interim measure before the decision."""

    measure_id: str
    explanation: Text


class WantedFinding(BaseModel):
    """What was found, for the member's record: a reason of the taxonomy and how bad it was."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    reason: Annotated[str, Field(examples=["SM3"])]
    gravity: Literal["general", "serious", "extreme"] = "general"


class WantedMeasure(BaseModel):
    """A measure on money or the whole account. `days` left out: until it is lifted; an account is
    closed for good, 30 days after being told (or as the policy says) unless `immediate_ground`
    records why at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: WideKind
    days: Annotated[int | None, Field(ge=1, le=365)] = None
    immediate_ground: Text | None = None


class Ruling(Command):
    """What a decision says: the parts of its statement of reasons (DSA, Art. 17(3)) and what it
    puts on the member's record.

    `ground` left out is the marketplace's own rule for the type of complaint; `ends_at` left out
    means that the restrictions have no end. `findings` left out is one general finding of the
    case's reason where the complaint is upheld, none where it is dismissed. The redress texts are
    added by the software.
    """

    outcome: Outcome
    facts: Text
    manifestly_unfounded: bool = False
    ground: GroundTold | None = None
    restrictions: tuple[Restriction, ...] = ()
    measures: Annotated[tuple[WantedMeasure, ...], Field(max_length=3)] = ()
    findings: Annotated[tuple[WantedFinding, ...] | None, Field(max_length=10)] = None
    territory: Annotated[tuple[Territory, ...], Field(min_length=1, max_length=60)] = ("worldwide",)
    ends_at: AwareDatetime | None = None
    automated_detection: bool = False
    automated_decision: bool = False


class Decide(Ruling):
    """Decide the case. With a measure on money or a whole account it is a proposal only, which
    another, senior moderator approves."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "outcome": "upheld",
                    "facts": "The listing stands in Cosmetic bags; the goods are phone cases.",
                    "restrictions": ["listing_hidden"],
                },
                {
                    "outcome": "upheld",
                    "facts": "The goods are fakes of a brand; so were three others.",
                    "findings": [{"reason": "CF1", "gravity": "extreme"}],
                    "restrictions": ["listing_removed"],
                    "measures": [{"kind": "account_frozen", "days": 30}],
                },
                {
                    "outcome": "dismissed",
                    "facts": "The listing stands in its own category.",
                    "manifestly_unfounded": False,
                },
            ]
        }
    )


class Approve(Command):
    """Consent to the decision that somebody else proposed: it is taken and told."""


class Return(Command):
    """Do not consent; the case is under review again. `explanation` is for the moderators."""

    explanation: Text


class DecideAppeal(Command):
    """Answer an appeal. `explanation` is told to both sides.

    `ruling` is what stands instead: needed to vary or to overturn a decision, not to affirm one,
    nor to overturn inadmissibility, where the case is admitted.
    """

    appeal_id: str
    result: Literal["affirmed", "varied", "overturned"]
    explanation: Text
    ruling: Ruling | None = None


class Reopen(Command):
    """Bring a closed case back: new evidence, or an order of a court or an authority."""

    ground: Text


StaffCommand = (
    Admit
    | DeclareInadmissible
    | Claim
    | Release
    | RequestInformation
    | RequestCounterNotice
    | GrantExtension
    | RefuseExtension
    | Retype
    | Hold
    | Resume
    | Escalate
    | MarkOutOfCourt
    | Link
    | AddNote
    | ImposeInterimMeasure
    | KeepInterimMeasure
    | LiftInterimMeasure
    | Decide
    | Approve
    | Return
    | DecideAppeal
    | Reopen
)
