"""Whatever people read is marked for translation: in templates, in refusals, beside fields."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, nodes
from typing_extensions import override

import services
from deploy.messages import SERVICES
from services.runtime.problems import Refused
from services.runtime.sentences import Sentence


def _relative(file: Path) -> str:
    return file.relative_to(SERVICES).as_posix()


_READ = [folder for folder in sorted(SERVICES.iterdir()) if folder.is_dir()]
TEMPLATES = [file for folder in _READ for file in sorted(folder.glob("web/templates/**/*.html"))]
TOLD_TO_MACHINES = {"runtime/app.py"}
"""Modules whose refusals are read by probes and in logs."""
MODULES = [
    file
    for folder in _READ
    for file in sorted(folder.glob("**/*.py"))
    if _relative(file) not in TOLD_TO_MACHINES
    and file.name != "__main__.py"
    and "migrations" not in file.parts
]

_CAPITALISED = re.compile(r"[A-Z][a-z]+\b")
_PLAIN_WORDS = re.compile(r"[a-z]{2,}(?: [a-z]{2,})+")
_SENTENCE = re.compile(r"[A-Z“].* .*[.?!]$", re.DOTALL)
_MARKERS = {"_", "gettext", "ngettext", "pgettext", "npgettext"}
_SPOKEN_ATTRIBUTES = {"alt", "aria-label", "placeholder", "title"}
_NOT_READ = {"code", "script", "style"}


class _Literals(HTMLParser):
    """The words of a page that stand in its template as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._within: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _NOT_READ:
            self._within.append(tag)
        self.found += [
            value for name, value in attrs if value and name in _SPOKEN_ATTRIBUTES and _said(value)
        ]

    @override
    def handle_endtag(self, tag: str) -> None:
        if self._within and tag == self._within[-1]:
            self._within.pop()

    @override
    def handle_data(self, data: str) -> None:
        if not self._within and _said(data):
            self.found.append(" ".join(data.split()))


def _said(text: str) -> bool:
    """Whether it reads like words, and not like names of classes or attributes."""
    return bool(_CAPITALISED.search(text) or _PLAIN_WORDS.fullmatch(text.strip()))


def literals(source: str) -> list[str]:
    """Words in a template that are not marked."""
    page = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(source)
    parser = _Literals()
    parser.feed("".join(each.data for each in page.find_all(nodes.TemplateData)))
    parser.close()
    return parser.found + list(_unmarked_arguments(page))


def _unmarked_arguments(page: nodes.Template) -> Iterator[str]:
    """What is given to macros (`{{ ui.card("Heading") }}`) as it is."""
    macros = {each.target for each in page.find_all(nodes.Import)}
    for call in page.find_all(nodes.Call):
        match call.node:
            case nodes.Getattr(node=nodes.Name(name=name)) if name in macros:
                given = [*call.args, *(pair.value for pair in call.kwargs)]
            case _:
                continue
        for each in given:
            text = each.value if isinstance(each, nodes.Const) else None
            if isinstance(text, str) and _CAPITALISED.match(text):
                yield text


@pytest.mark.parametrize("template", TEMPLATES, ids=_relative)
def test_a_template_has_no_words_that_are_not_marked(template: Path) -> None:
    assert literals(template.read_text("utf-8")) == []


def test_words_that_are_not_marked_are_found() -> None:
    page = """{% import "components.html" as ui %}
    <p title="Hover">{{ _("Fine") }} plain words</p>{{ ui.card("Heading") }}
    {% trans n=3 %}{{ n }} files{% endtrans %}<code>make up</code><i lang="{{ x }}">–</i>"""
    assert literals(page) == ["Hover", "plain words", "Heading"]


def test_every_refusal_has_a_title_that_is_marked() -> None:
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)
    unmarked = [
        f"{refusal.__module__}.{refusal.__name__}"
        for refusal in _heirs(Refused)
        if refusal.__module__.startswith("services.") and not isinstance(refusal.title, Sentence)
    ]
    assert unmarked == []


def _heirs(kind: type[Refused]) -> Iterator[type[Refused]]:
    for heir in kind.__subclasses__():
        yield heir
        yield from _heirs(heir)


@pytest.mark.parametrize("module", MODULES, ids=_relative)
def test_what_is_said_when_refusing_is_marked(module: Path) -> None:
    dotted = ".".join(["services", *module.relative_to(SERVICES).with_suffix("").parts])
    known = vars(importlib.import_module(dotted.removesuffix(".__init__")))
    names = {n for n, v in known.items() if isinstance(v, type) and issubclass(v, Refused)}
    assert list(unmarked_sentences(module.read_text("utf-8"), names)) == []


def unmarked_sentences(source: str, refusals: set[str]) -> Iterator[str]:
    """Texts that are raised with a refusal, told beside a field, or returned as a sentence."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[said, *_]) if name in refusals:
                yield from _plain(said)
            case ast.Dict(keys=keys, values=values):
                told = {
                    k.value: v
                    for k, v in zip(keys, values, strict=True)
                    if isinstance(k, ast.Constant)
                }
                if {"field", "message"} <= told.keys():
                    yield from _plain(told["message"])
            case ast.Return(value=ast.Constant(value=str(text))) if _SENTENCE.match(text):
                yield text


def _plain(said: ast.expr) -> Iterator[str]:
    match said:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr():
            yield ast.unparse(said)
