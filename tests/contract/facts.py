"""Hypothesis strategies for every fact, made from the contracts themselves."""

import types
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from contracts.codec import Fact
from contracts.envelope import Meta

FACT_CLASSES: tuple[type[BaseModel], ...] = get_args(Fact)

_characters = st.characters(exclude_categories=["Cs"])
text = st.text(_characters, max_size=40)
"""Any text that can be encoded: right to left, emoji, NUL and all."""

_zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(
    min_value=datetime(1900, 1, 2),  # noqa: DTZ001  # `timezones` makes them aware
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=_zones,
)


def facts() -> st.SearchStrategy[Fact]:
    return st.one_of([_model(each) for each in FACT_CLASSES])


def metas() -> st.SearchStrategy[Meta]:
    word = st.text(_characters, min_size=1, max_size=40)
    return st.builds(Meta, id=word, time=times, actor=word, correlation=word)


def _model(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    fields = {name: _field(field) for name, field in model.model_fields.items()}
    return st.fixed_dictionaries(fields).map(lambda values: model(**values))


def _field(field: FieldInfo) -> st.SearchStrategy[Any]:
    return _value(field.annotation, field.metadata)


def _value(annotation: Any, metadata: Sequence[Any] = ()) -> st.SearchStrategy[Any]:
    arguments = get_args(annotation)
    match get_origin(annotation):
        case None:
            return _plain(annotation, metadata)
        case origin if origin is Annotated:
            return _field(FieldInfo.from_annotation(annotation))
        case origin if origin is Literal:
            return st.sampled_from(arguments)
        case origin if origin in (Union, types.UnionType):
            return st.one_of([_value(each, metadata) for each in arguments])
        case origin if origin is tuple:
            return st.lists(_value(arguments[0]), max_size=3).map(tuple)
        case origin if origin is dict:
            return st.dictionaries(_value(arguments[0]), _value(arguments[1]), max_size=3)
    raise NotImplementedError(annotation)


def _plain(annotation: Any, metadata: Sequence[Any]) -> st.SearchStrategy[Any]:
    if annotation is str:
        patterns = [found for each in metadata if (found := getattr(each, "pattern", None))]
        return st.from_regex(patterns[0], fullmatch=True) if patterns else text
    if annotation is AwareDatetime:
        return times
    if annotation is Decimal:
        return st.decimals(allow_nan=False, allow_infinity=False, places=1, max_value=10**9)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _model(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    simple: dict[Any, st.SearchStrategy[Any]] = {
        bool: st.booleans(),
        int: st.integers(-(2**63), 2**63 - 1),
        float: st.floats(allow_nan=False, allow_infinity=False),
        date: st.dates(),
        type(None): st.none(),
    }
    return simple[annotation]
