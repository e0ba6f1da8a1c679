"""Rules of the house that a tool can check; each says what would break without it."""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.streams import STREAMS, SUBJECTS_OF_WRITER
from deploy.parts import ROOT

SERVICES = sorted(SUBJECTS_OF_WRITER)


def modules(*patterns: str) -> Iterator[tuple[Path, ast.Module]]:
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            yield path.relative_to(ROOT), ast.parse(path.read_text())


def calls(tree: ast.AST) -> Iterator[str]:
    """What is called, as it is written: `datetime.now`, `js.add_stream`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_imports_point_the_way_they_should() -> None:
    checker = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run(
        [checker, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


def test_every_subject_has_exactly_one_writer() -> None:
    """Otherwise two services could contradict each other about the same thing."""
    writers: dict[str, set[str]] = defaultdict(set)
    for service, subjects in SUBJECTS_OF_WRITER.items():
        for subject in subjects:
            writers[subject.split(".")[0]].add(service)
    for stream in STREAMS:
        for subject in stream.subjects:
            if stream.facts:
                assert len(writers[subject.split(".")[0]]) == 1, subject
    for kind, of_kind in writers.items():
        assert len(of_kind) == 1 or kind == "timer", kind


def test_streams_do_not_share_a_subject() -> None:
    kinds = [subject.split(".")[0] for stream in STREAMS for subject in stream.subjects]
    assert len(kinds) == len(set(kinds))


def test_nothing_of_a_fact_stream_can_be_deleted() -> None:
    for stream in STREAMS:
        configured = stream.configuration(replicas=1)
        if stream.facts:
            assert configured["deny_delete"] is configured["deny_purge"] is True
            assert (configured["retention"], configured["discard"]) == ("limits", "new")


def test_services_declare_no_streams() -> None:
    """A stream declared by a service overwrites the one declared with care."""
    declaring = {"add_stream", "update_stream", "delete_stream", "create_object_store"}
    for path, tree in modules("services/**/*.py"):
        for call in calls(tree):
            name = call.rsplit(".", 1)[-1]
            assert name not in declaring or path.name == "bus.py", f"{path}: {call}"
            assert name != "ensure_streams" or path.parts[1] == "runtime", f"{path}: {call}"
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "JStream":
                declared = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                assert declared.get("declare") == "False", path


PURE = (
    "contracts/*.py",
    "services/*/decider.py",
    "services/*/decider/*.py",
    "services/*/projection.py",
    "services/*/transitions.py",
    "services/*/state.py",
)
TIME_AND_CHANCE = {
    "utcnow", "now", "today", "time", "monotonic", "perf_counter", "new_id", "uuid4", "random",
    "choice", "randint", "token_urlsafe", "token_hex",
}  # fmt: skip


def test_what_decides_and_what_folds_asks_neither_clock_nor_chance() -> None:
    """Otherwise a replay of the log would differ from the day."""
    found = [
        f"{path}: {call}"
        for path, tree in modules(*PURE)
        if path.as_posix() not in ("services/runtime/projection.py", "contracts/ids.py")
        for call in calls(tree)
        if call.rsplit(".", 1)[-1] in TIME_AND_CHANCE
    ]
    assert found == []


def test_facts_go_into_the_log_by_the_one_append() -> None:
    """It alone knows the guard, the message id and what to do about an unclear answer."""
    allowed = {"bus.py", "events.py", "feed.py", "deliveries.py", "reactions.py", "timers.py"}
    for path, tree in modules("services/**/*.py"):
        for call in calls(tree):
            if call.rsplit(".", 1)[-1] in ("publish", "publish_async"):
                assert path.parts[1] == "runtime", f"{path}: {call}"
                assert path.name in allowed, f"{path}: {call}"


def test_only_the_edge_commits() -> None:
    """Rows and the position that they were computed at are one transaction."""
    for path, tree in modules("services/**/*.py", "contracts/*.py"):
        for call in calls(tree):
            assert call.rsplit(".", 1)[-1] != "commit", f"{path}: {call}"


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_shape(service: str) -> None:
    folder = ROOT / "services" / service
    for name in ("__main__.py", "app.py", "settings.py", "projection.py", "migrations/env.py"):
        assert (folder / name).exists(), f"services/{service}/{name}"
    assert any((folder / "migrations" / "versions").glob("0001_*.py"))


def test_no_function_takes_the_name_of_the_translation_for_a_value() -> None:
    """`_` marks sentences: a value thrown away under this name would be called in its place."""
    shadowed = [
        f"{path}: {function.name}"
        for path, tree in modules("services/**/*.py", "contracts/*.py")
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        and "_" in set(calls(function))
        and any(
            isinstance(node, ast.Name) and node.id == "_" and isinstance(node.ctx, ast.Store)
            for node in ast.walk(function)
        )
    ]
    assert shadowed == []
