"""Each requirement of the product, R1 to R36, is named by a test that proves it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

REQUIREMENTS = set(range(1, 37))
_RANGE = re.compile(r"r[0-9]+(_to_r|[–-]r?|\s+to\s+r)[0-9]+", re.IGNORECASE)
"""`R17–R30` names nothing: whoever looks for R21 finds no test."""
_NAMED = re.compile(r"(?<![a-z0-9])r([0-9]{1,2})(?![0-9a-z])", re.IGNORECASE)


def requirements_of(test: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[int]:
    """The requirements that a test names, in its name or docstring."""
    for said in (test.name, ast.get_docstring(test) or ""):
        yield from (int(found[1]) for found in _NAMED.finditer(_RANGE.sub("", said)))


def test_every_requirement_is_named_by_a_test() -> None:
    named: set[int] = set()
    for file in (Path(__file__).parents[1]).rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if node.name.startswith("test_"):
                named.update(requirements_of(node))
    missing = [f"R{number}" for number in sorted(REQUIREMENTS - named)]
    assert not missing, f"no test names {', '.join(missing)}"
    assert named <= REQUIREMENTS


def test_a_range_of_requirements_names_none_of_them() -> None:
    [test] = ast.parse("def test_r2_x(): '''R5, R17–R30, R6 to R9; r15_to_r33.'''").body
    assert isinstance(test, ast.FunctionDef)
    assert sorted(requirements_of(test)) == [2, 5]
