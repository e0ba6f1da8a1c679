"""The SQL of one list of cases: which index it is read from, and what is tried on what comes.

A page costs the same wherever it lies and however many cases there are, because it is the head of
an index. Where the filters name several values (states, severities), one index has several heads:
each is read as far as a page may reach, and they are merged. The SQL is put together from fixed
pieces: values are always bound.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from services.moderation.queues import QueueFilters
from services.moderation.stems import stems
from services.moderation.tables import cases
from services.runtime.database import UtcTime

COUNTED: Final = 1000
"""As far as cases are counted: more are told as "1,000 or more"."""
SEVERITIES: Final = (4, 3, 2, 1)
FLAGS: Final = ("trusted_flagger", "escalated", "on_hold")

LISTED: Final = (
    "id", "number", "state", "live", "type", "reason", "severity", "accused", "product_id",
    "product_link", "product_title", "complaints", "opened_at", "changed_at", "due_at", "due_kind",
    "holder", "held_until", "language", "trusted_flagger", "escalated", "on_hold_since",
    "out_of_court", "outcome", "decided_by", "decided_at", "version",
)  # fmt: skip
"""The columns of a list; the wide ones (texts, statements) stay where they are."""

_COLUMNS: Final = tuple(cases.c[name] for name in LISTED)
_NAMED: Final = re.compile(r":(\w+)")


class Place(NamedTuple):
    """Where a page ended: what the list is sorted by, and the id."""

    severity: int
    at: datetime
    id: str


class Dialect:
    """What the two databases say differently."""

    def __init__(self, name: str) -> None:
        self.sqlite = name == "sqlite"
        self.live = "live = 1" if self.sqlite else "live"
        self.matches = (
            "SELECT s.case_id FROM words w JOIN search s ON s.sequence = w.rowid"
            " WHERE words MATCH :words"
            if self.sqlite
            else "SELECT case_id FROM search WHERE case_id IS NOT NULL"
            " AND to_tsvector('simple', stems) @@ to_tsquery('simple', :words)"
        )
        self.matched = "id IN " + (
            f"(WITH found AS MATERIALIZED ({self.matches} LIMIT :few)"
            " SELECT case_id FROM found WHERE (SELECT count(*) FROM found) < :few)"
            if self.sqlite
            # An array: PostgreSQL thinks that every word has tens of thousands of cases, and would
            # rather read all cases that there are.
            else "(SELECT unnest(ids) FROM (SELECT array_agg(case_id) AS ids"
            f" FROM ({self.matches} LIMIT :few) AS first) AS found WHERE cardinality(ids) < :few)"
        )
        self.one_of = "IN (SELECT value FROM json_each(:{0}))" if self.sqlite else "= ANY(:{0})"

    def several(self, values: Sequence[str]) -> object:
        """Several texts as one value."""
        return json.dumps(list(values)) if self.sqlite else list(values)

    def flag(self, name: str) -> str:
        if name == "on_hold":
            return "on_hold_since IS NOT NULL"
        return f"{name} = 1" if self.sqlite else name

    def words(self, text: str) -> str | None:
        """The text as the index of words is asked; None when there is no word in it."""
        found = stems(text)
        if not found:
            return None
        # A word may go on: people type the beginnings of words, above all of names.
        if self.sqlite:
            return " AND ".join(f'"{stem}"*' for stem in found)
        return " & ".join(f"'{stem}':*" for stem in found)

    def said_in_case(self, words: int) -> str:
        """Whether one text of a case has all of so many words, `:word0` and so on, by reading the
        texts: asking the index for a frequent word again for each case would never end."""
        begins = (
            "instr(' ' || s.stems, ' ' || :word{0}) > 0"
            if self.sqlite
            else "strpos(' ' || s.stems, ' ' || :word{0}) > 0"
        )
        has = " AND ".join(begins.format(place) for place in range(words)) or "1 = 0"
        # No EXISTS: PostgreSQL would look through all texts there are once, to keep what it found.
        return f"(SELECT 1 FROM search s WHERE s.case_id = cases.id AND {has} LIMIT 1) = 1"


class CaseQuery:
    """One list, as pieces of SQL with their values.

    `heads` are what the index is entered by: one of them holds of each case of the list. `tried`
    are conditions on what comes.
    """

    def __init__(self, sql: Dialect, filters: QueueFilters, reader: str, now: datetime) -> None:
        self._sql = sql
        self._filters = filters
        self._values: dict[str, Any] = {}
        self._tried: list[str] = []
        self._said = ""
        self._heads = self._choose(reader)
        self._narrow(now)

    def page(self, after: Place | None, limit: int, *, near: int | None = None) -> sa.TextualSelect:
        """The next `limit` cases after a place. With `near`, those of the next `near` cases in
        which the text is found: what fills a page so is the page."""
        key, way = self._key
        condition = ""
        if after is not None:
            sign = "<" if way == "DESC" else ">"
            condition = f" AND ({key}, id) {sign} (:after_at, :after_id)"
            self._values |= {"after_at": after.at, "after_id": after.id}
        order = f"ORDER BY {key} {way}, id {way} LIMIT"
        self._values["most"] = limit
        if near is None:
            heads = self._merged(f"id, {key}", self._tried, condition, f"{order} :most")
        else:
            self._values["near"] = near
            tried = [each for each in self._tried if each != self._said]
            heads = self._merged(f"id, {key}", tried, condition, f"{order} :near")
            heads = f"SELECT * FROM ({heads}) AS next {order} :near"
            heads = f"SELECT * FROM ({heads}) AS cases WHERE {self._said} {order} :most"
        listed = ", ".join(f"cases.{name}" for name in LISTED)
        return self._text(
            f"SELECT {listed} FROM ({heads}) AS page JOIN cases ON cases.id = page.id"
            f" ORDER BY page.{key} {way}, page.id {way} LIMIT :most"
        ).columns(*_COLUMNS)

    def count(self) -> sa.TextClause:
        self._values["most"] = COUNTED
        heads = self._merged("id", self._tried, "", "LIMIT :most")
        return self._text(f"SELECT count(*) FROM (SELECT id FROM ({heads}) AS h LIMIT :most) AS n")

    def all_after(self, last: str, columns: Sequence[str], limit: int) -> sa.TextualSelect:
        self._values |= {"after_id": last, "most": limit}
        one_of = " OR ".join(f"({head})" for head in self._heads)
        where = " AND ".join([f"({one_of})", *self._tried, "id > :after_id"])
        names = ", ".join(columns)
        return self._text(
            f"SELECT {names} FROM cases WHERE {where} ORDER BY id LIMIT :most"
        ).columns(*(cases.c[name] for name in columns))

    def of_severity(self, severity: int) -> "CaseQuery | None":
        """The same list of one severity only, the most urgent first."""
        if self._filters.severity not in (None, severity):
            return None
        same = object.__new__(CaseQuery)
        same._sql, same._filters, same._said = self._sql, self._filters, self._said
        same._values = self._values | {"of_severity": severity}
        same._tried = [*self._tried, "severity = :of_severity"]
        only_live = self._heads == [f"severity = {n} AND {self._sql.live}" for n in SEVERITIES]
        same._heads = (
            [f"severity = :of_severity AND {self._sql.live}"] if only_live else self._heads
        )
        return same

    def among(self, ids: Sequence[str]) -> "CaseQuery":
        """The same list, narrowed to a few cases that a search found."""
        self._values["found"] = self._sql.several(ids)
        return self._entered_by("id " + self._sql.one_of.format("found"))

    def matched(self, words: str, few: int) -> "CaseQuery":
        """The same list, entered by the index of words where that has fewer than `few` texts with
        all of them; otherwise nothing."""
        self._values |= {"words": words, "few": few}
        return self._entered_by(self._sql.matched)

    def _entered_by(self, head: str) -> "CaseQuery":
        one_of = " OR ".join(f"({head})" for head in self._heads)
        self._tried = [each for each in self._tried if each != self._said]
        self._tried.append(f"({one_of})")
        self._heads = [head]
        return self

    @property
    def _key(self) -> tuple[str, str]:
        return {
            "due": ("due_at", "ASC"),
            "severity": ("due_at", "ASC"),
            "newest": ("opened_at", "DESC"),
            "oldest": ("opened_at", "ASC"),
        }[self._filters.order]

    def _choose(self, reader: str) -> list[str]:
        """By the filter that leaves the fewest cases, as far as can be told without looking."""
        f, live = self._filters, self._sql.live
        held_by = f.moderator if f.moderator is not None else reader if f.mine else None
        if f.mine or (f.moderator is not None and not f.states):
            self._values["holder"] = held_by
            return ["holder = :holder AND holder IS NOT NULL"]
        scope = self._scope()
        for column, value in (("product_id", f.product), ("accused", f.accused)):
            if value is not None:
                self._values[column] = value
                self._tried += scope
                return [f"{column} = :{column}"]
        if f.moderator is not None:
            self._values["decided_by"] = f.moderator
            self._tried.append("decided_by = :decided_by")
        for flag in FLAGS:
            if getattr(f, flag):
                self._tried += scope if f.states else []
                return [f"{live} AND {self._sql.flag(flag)}"]
        if f.order in ("newest", "oldest"):
            self._tried += scope
            return ["opened_at IS NOT NULL"]
        if f.states:
            for place, state in enumerate(f.states):
                self._values[f"state{place}"] = state
            return [f"state = :state{place}" for place in range(len(f.states))]
        for column in ("reason", "type", "language", "severity"):
            if getattr(f, column) is not None:
                return [f"{column} = :{column} AND {live}"]
        return [f"severity = {severity} AND {live}" for severity in SEVERITIES]

    def _scope(self) -> list[str]:
        """Which states the list is about, as a condition on what comes."""
        if not self._filters.states:
            return [self._sql.live]
        self._values["states"] = self._sql.several(self._filters.states)
        # Plus: SQLite, which keeps no statistics, is not to enter by this.
        column = "+state" if self._sql.sqlite else "state"
        return [f"{column} {self._sql.one_of.format('states')}"]

    def _narrow(self, now: datetime) -> None:
        f = self._filters
        if f.mine and f.states:
            self._tried += self._scope()
        for name in ("type", "reason", "severity", "language"):
            value = getattr(f, name)
            if value is not None:
                self._values[name] = value
                self._tried.append(f"{name} = :{name}")
        if f.mine or f.moderator is not None:
            for column, value in (("product_id", f.product), ("accused", f.accused)):
                if value is not None and column not in self._values:
                    self._values[column] = value
                    self._tried.append(f"{column} = :{column}")
        if f.accused is not None and f.product is not None and "accused" not in self._values:
            self._values["accused"] = f.accused
            self._tried.append("accused = :accused")
        self._narrow_times(now)
        for flag in FLAGS:
            if getattr(f, flag):
                self._tried.append(self._sql.flag(flag))
        if f.free:
            self._values["now"] = now
            self._tried.append("(holder IS NULL OR held_until <= :now) AND on_hold_since IS NULL")
        if f.text is not None:
            found = stems(f.text)
            self._values |= {f"word{place}": stem for place, stem in enumerate(found)}
            self._said = self._sql.said_in_case(len(found))
            self._tried.append(self._said)

    def _narrow_times(self, now: datetime) -> None:
        f, live = self._filters, self._sql.live
        days = {"older_than": f.older_than, "newer_than": f.newer_than}
        for name, sign in (("older_than", "<="), ("newer_than", ">=")):
            if (number := days[name]) is not None:
                self._values[name] = now - timedelta(days=number)
                self._tried.append(f"opened_at {sign} :{name}")
        until = now if f.overdue else None
        if f.due_within is not None:
            until = now + timedelta(hours=f.due_within)
        if until is not None:
            self._values["until"] = until
            self._tried += ["due_at < :until", live]

    def _merged(self, columns: str, tried: Sequence[str], condition: str, order: str) -> str:
        condition = "".join(f" AND {each}" for each in tried) + condition
        heads = [
            f"SELECT * FROM (SELECT {columns} FROM cases WHERE {head}{condition} {order})"
            f" AS h{place}"
            for place, head in enumerate(self._heads)
        ]
        return " UNION ALL ".join(heads)

    def _text(self, sql: str) -> sa.TextClause:
        """The statement, with the values that it names."""
        values = {name: self._values[name] for name in _NAMED.findall(sql)}
        typed = (sa.bindparam(name, value, _type(value)) for name, value in values.items())
        return sa.text(sql).bindparams(*typed)


def _type(value: object) -> Any:
    if isinstance(value, datetime):
        return UtcTime()
    return sa.ARRAY(sa.Text) if isinstance(value, list) else None
