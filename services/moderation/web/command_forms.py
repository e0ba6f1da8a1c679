"""The console's forms of commands, as data: a field for each part of the command.

A command that has no words of its own here is offered all the same, its form made of its model.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, NamedTuple, get_args, get_origin

from contracts.taxonomy import taxonomy
from services.moderation.command_names import called
from services.moderation.commands import Command
from services.moderation.policy import Policy
from services.moderation.read_models import CaseDetail
from services.moderation.transitions import STAFF_COMMANDS
from services.moderation.web import labels
from services.runtime.sentences import gettext as _
from services.runtime.sentences import joined

Kind = Literal["text", "line", "number", "check", "checks", "select", "hidden"]
Options = Sequence[tuple[str, str]]


class Field(NamedTuple):
    """`value` is what the form starts with."""

    kind: Kind
    name: str
    label: str = ""
    hint: str = ""
    options: Options = ()
    value: str = ""


class CommandForm(NamedTuple):
    """A command as moderators meet it. Without fields it is one button. `place`: the `main` ones
    come first, `more` stand under the others, `own` ones have a template of their own."""

    name: str
    label: str
    key: str = ""
    place: Literal["main", "more", "own"] = "more"
    fields: tuple[Field, ...] = ()
    button: str = ""
    danger: bool = False


Maker = Callable[[CaseDetail | None, Policy], CommandForm]


def command_forms(case: CaseDetail, policy: Policy) -> tuple[CommandForm, ...]:
    """The form of every command of staff on this case, in their usual order."""
    return tuple(command_form(name, case, policy) for name in STAFF_COMMANDS)


def command_form(name: str, case: CaseDetail | None, policy: Policy) -> CommandForm:
    """The form of one command. Without a case, as for many alike: those that need one may not be
    asked for."""
    known = _FORMS.get(name)
    return known(case, policy) if known is not None else _plain(name, STAFF_COMMANDS[name])


def _text(name: str, label: str, hint: str = "") -> Field:
    return Field("text", name, label, hint)


def _declare(_case: CaseDetail | None, _policy: Policy) -> CommandForm:
    return CommandForm(
        "declare-inadmissible",
        called("declare-inadmissible"),
        "x",
        fields=(
            _text(
                "explanation",
                _("Why it cannot be admitted"),
                _("Every complainant reads this, with the ways to appeal."),
            ),
        ),
        danger=True,
    )


def _ask_complainant(case: CaseDetail | None, policy: Policy) -> CommandForm:
    assert case is not None
    who = [
        (each.id, f"{each.number} · {each.complainant.name}")
        for each in case.complainants
        if each.withdrawn_at is None
    ]
    to_answer = _("Time to answer: %(time)s.") % {"time": labels.length(policy.information)}
    return CommandForm(
        "request-information",
        called("request-information"),
        "i",
        fields=(
            Field("select", "complaint_id", _("Whom to ask"), options=who),
            _text("question", _("The question"), to_answer),
        ),
        button=_("Send the question"),
    )


def _ask_accused(case: CaseDetail | None, policy: Policy) -> CommandForm:
    at_stake = policy.counter_notice_account_at_stake
    return CommandForm(
        "request-counter-notice",
        called("request-counter-notice"),
        "q",
        fields=(
            _text(
                "allegation",
                _("What they are told"),
                _(
                    "What is alleged and by which rule. Not a word about who complained or what "
                    "they wrote."
                ),
            ),
            Field(
                "check",
                "account_at_stake",
                _("The whole account is at stake"),
                _("They then have %(time)s.") % {"time": labels.length(at_stake)},
            ),
            *_files_to_show(case),
        ),
        button=_("Send the request"),
    )


def _files_to_show(case: CaseDetail | None) -> tuple[Field, ...]:
    items = [
        (item.id, f"{each.number} · {item.name}")
        for each in (case.complainants if case else ())
        for item in each.evidence
    ]
    hint = _(
        "As far as needed to answer, and only what does not tell who complained. They see it "
        "without its name and without who sent it."
    )
    label = _("What they may see of the complainants' files")
    return (Field("checks", "evidence", label, hint, options=items),) if items else ()


def _grant(_case: CaseDetail | None, policy: Policy) -> CommandForm:
    days = str(policy.extension_days)
    hint = _("At most %(n)s days, and only once.") % {"n": policy.extension_days}
    return CommandForm(
        "grant-extension",
        called("grant-extension"),
        fields=(Field("number", "days", _("Days"), hint, value=days),),
    )


def _refuse(_case: CaseDetail | None, _policy: Policy) -> CommandForm:
    return CommandForm(
        "refuse-extension",
        called("refuse-extension"),
        fields=(_text("explanation", _("Why not"), _("The accused reads this.")),),
    )


def _retype(case: CaseDetail | None, _policy: Policy) -> CommandForm:
    options = [
        (reason.code, joined([labels.type_name(kind.code), labels.reason_name(reason.code)], " · "))
        for kind in taxonomy().types
        for reason in kind.reasons
    ]
    return CommandForm(
        "retype",
        called("retype"),
        "t",
        fields=(
            Field(
                "select",
                "reason",
                _("The right reason"),
                options=options,
                value=case.reason if case else "",
            ),
            _text("explanation", _("Why"), _("Both sides may read this.")),
        ),
    )


def _hold(_case: CaseDetail | None, _policy: Policy) -> CommandForm:
    hint = _("The clocks stand still until the case is resumed.")
    return CommandForm("hold", called("hold"), "h", fields=(_text("reason", _("Why"), hint),))


def _escalate(case: CaseDetail | None, _policy: Policy) -> CommandForm:
    label = _("Take the escalation back") if case and case.escalated else called("escalate")
    value = "" if case and case.escalated else "true"
    return CommandForm(
        "escalate",
        label,
        "e",
        fields=(Field("hidden", "escalated", value=value), _text("reason", _("Why"))),
    )


def _out_of_court(case: CaseDetail | None, _policy: Policy) -> CommandForm:
    label = (
        _("The out-of-court dispute is over")
        if case and case.out_of_court
        else called("mark-out-of-court")
    )
    value = "" if case and case.out_of_court else "true"
    return CommandForm(
        "mark-out-of-court",
        label,
        fields=(
            Field("hidden", "open", value=value),
            Field("line", "reference", _("Settlement body and its number")),
        ),
    )


def _link(case: CaseDetail | None, _policy: Policy) -> CommandForm:
    assert case is not None
    others = {each.id: each for each in (*case.similar, *case.history.latest)}
    options = [
        (each.id, joined([each.number, labels.reason_name(each.reason)], " · "))
        for each in others.values()
        if each.id not in case.linked
    ]
    field = (
        Field("select", "case_id", _("The other case"), options=options)
        if options
        else Field("line", "case_id", _("The other case's id"))
    )
    return CommandForm("link", called("link"), fields=(field,))


def _note(_case: CaseDetail | None, _policy: Policy) -> CommandForm:
    seen_by = [("internal", _("Staff only")), ("public", _("Both parties"))]
    return CommandForm(
        "add-note",
        called("add-note"),
        "w",
        fields=(
            Field("select", "visibility", _("Who may read it"), options=seen_by),
            _text("text", _("The note")),
        ),
    )


def _impose(_case: CaseDetail | None, _policy: Policy) -> CommandForm:
    kinds = [(kind, labels.restriction(kind)) for kind in ("listing_hidden", "listing_frozen")]
    return CommandForm(
        "impose-interim-measure",
        called("impose-interim-measure"),
        "m",
        fields=(
            Field("select", "kind", _("Measure"), options=kinds),
            _text(
                "facts",
                _("The facts"),
                _("The accused is told at once, with the marketplace's rule as the ground."),
            ),
        ),
        button=_("Impose it now"),
        danger=True,
    )


def _of_interim(name: str) -> Maker:
    def form(case: CaseDetail | None, _policy: Policy) -> CommandForm:
        assert case is not None
        options = [(each.id, labels.restriction(each.kind)) for each in case.interim]
        return CommandForm(
            name,
            called(name),
            fields=(
                Field("select", "measure_id", _("Measure"), options=options),
                _text("explanation", _("Why")),
            ),
        )

    return form


def _return(_case: CaseDetail | None, _policy: Policy) -> CommandForm:
    hint = _("For the moderators.")
    return CommandForm(
        "return",
        called("return"),
        "u",
        "main",
        fields=(_text("explanation", _("What is to be changed"), hint),),
    )


def _reopen(_case: CaseDetail | None, _policy: Policy) -> CommandForm:
    hint = _("New evidence, or an order of a court or an authority.")
    return CommandForm("reopen", called("reopen"), fields=(_text("ground", _("The ground"), hint),))


def _button(name: str, key: str, place: Literal["main", "own"]) -> Maker:
    return lambda _case, _policy: CommandForm(name, called(name), key, place)


_FORMS: Mapping[str, Maker] = {
    "admit": _button("admit", "a", "main"),
    "claim": _button("claim", "c", "main"),
    "release": _button("release", "r", "own"),
    "decide": _button("decide", "d", "own"),
    "decide-appeal": lambda _case, _policy: CommandForm(
        "decide-appeal", called("decide-appeal"), "d", "own"
    ),
    "approve": _button("approve", "p", "main"),
    "return": _return,
    "resume": _button("resume", "h", "main"),
    "declare-inadmissible": _declare,
    "request-information": _ask_complainant,
    "request-counter-notice": _ask_accused,
    "grant-extension": _grant,
    "refuse-extension": _refuse,
    "retype": _retype,
    "hold": _hold,
    "escalate": _escalate,
    "mark-out-of-court": _out_of_court,
    "link": _link,
    "add-note": _note,
    "impose-interim-measure": _impose,
    "keep-interim-measure": _of_interim("keep-interim-measure"),
    "lift-interim-measure": _of_interim("lift-interim-measure"),
    "reopen": _reopen,
}


def _plain(name: str, command: type[Command]) -> CommandForm:
    """The form that follows from the command's model alone."""
    fields = tuple(_field(part, info.annotation) for part, info in command.model_fields.items())
    return CommandForm(name, called(name), fields=fields)


def _field(name: str, annotation: Any) -> Field:
    label = name.replace("_", " ").capitalize()
    if annotation is bool:
        return Field("check", name, label)
    if annotation is int:
        return Field("number", name, label)
    if get_origin(annotation) is Literal:
        options = [(str(each), str(each).replace("_", " ")) for each in get_args(annotation)]
        return Field("select", name, label, options=options)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return Field("select", name, label, options=[(str(e.value), e.name) for e in annotation])
    return Field("text", name, label)
