"""The streams, their subjects and who may write them: declared here, once.

Services never declare a stream; `services.runtime.bus.ensure_streams` does, from this table.
"""

from dataclasses import dataclass, field

SUBJECTS_OF_WRITER: dict[str, tuple[str, ...]] = {
    "intake": ("complaint.*.*", "response.*.*"),
    "moderation": (
        "case.*.*",
        "member.*.*",
        "outgoing.*.*",
        "staff.*.*",
        "timer.moderation.>",
    ),
    "notifier": ("mail.*.*", "reader.*.*", "timer.notifier.>"),
    "chat": ("chat.*.*", "operator.*.*", "timer.chat.>"),
}
"""What each service may say. The broker enforces it (`deploy/nats/`): subjects are permissions."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A JetStream stream. `facts` streams are event logs: nothing in them is deleted or purged."""

    name: str
    subjects: tuple[str, ...]
    facts: bool = True
    options: dict[str, object] = field(default_factory=dict)

    def configuration(self, *, replicas: int) -> dict[str, object]:
        """The JetStream API's stream configuration, whole, with `replicas` copies (1 or 3)."""
        log = {"deny_delete": True, "deny_purge": True, "allow_atomic": True}
        return {
            "name": self.name,
            "subjects": list(self.subjects),
            "retention": "limits",
            "storage": "file",
            "num_replicas": replicas,
            "allow_direct": True,
            "discard": "new" if self.facts else "old",
            "compression": "none",
            **(log if self.facts else {}),
            **self.options,
        }


COMPLAINTS = Stream(
    "COMPLAINTS",
    ("complaint.*.*", "response.*.*", "case.*.*", "member.*.*", "outgoing.*.*"),
)
"""One total order over complaints, answers, cases, standing and what is told of them outside: a
replay is deterministic."""

LIVE = "live"
PULSE = "pulse"
CHATS = Stream(
    "CHATS",
    ("chat.*.*", "operator.*.*"),
    options={"republish": {"src": ">", "dest": f"{LIVE}.>"}},
)
"""What is stored here is told at once on `live.<subject>`, with its sequence and the one before it
on the same subject, so that a reader of one chat needs no consumer and still sees every gap.
Typing and presence go over `pulse.chat.>` and are never stored."""

MAIL = Stream("MAIL", ("mail.*.*", "reader.*.*"))
"""Mails, and what their readers asked for."""

STAFF = Stream("STAFF", ("staff.*.*",))
"""What staff looked at, kept and did in bulk: apart, so that no replay of cases reads it."""

TIMERS = Stream("TIMERS", ("timer.>",), facts=False, options={"allow_msg_schedules": True})
DEAD_LETTERS = Stream("DEAD_LETTERS", ("dead.>",), facts=False)

STREAMS = (COMPLAINTS, CHATS, MAIL, STAFF, TIMERS, DEAD_LETTERS)
EVIDENCE_BUCKET = "EVIDENCE"


_STREAM_OF_KIND = {
    subject.split(".", 1)[0]: stream
    for stream in STREAMS
    if stream.facts
    for subject in stream.subjects
}


def stream_of(kind: str) -> Stream:
    """The fact stream that holds the aggregates of `kind`. Raises LookupError when none does."""
    return _STREAM_OF_KIND[kind]
