"""The rulebook is pure: whole numbers, no sets walked through, no state kept, same bytes."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "queued" / "core"

UNSTEADY = ("float", "hash", "id", "round", "open")

BEGINNINGS = ("decide", "evolve", "deadlines", "invariants", "views", "transitions")
"""What the actor calls. Estimates are advice and not among the rules: no decision uses them."""


def rules():
    """Every module of the core that a decision or a fold can reach."""
    found, todo = {}, list(BEGINNINGS)
    while todo:
        name = todo.pop()
        path = CORE / f"{name}.py"
        if name in found or not path.exists():
            continue
        found[name] = tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("queued.core"):
                parts = node.module.split(".")[2:]
                todo += parts or [alias.name for alias in node.names]
    return found


RULES = rules()


def offences(tree):
    """Nodes that could make two machines disagree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno, "a float"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield node.lineno, "a true division"
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in UNSTEADY:
            yield node.lineno, "a call that is not the same everywhere"
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield node.lineno, "state outside of the hall"
        elif isinstance(getattr(node, "iter", None), ast.Set | ast.SetComp):
            yield getattr(node, "lineno", 0), "a walk through a set"


def test_the_rules_were_found():
    assert {"decide", "evolve", "policy", "numbering", "furnish", "tally", "vector"} <= set(RULES)
    assert "estimate" not in RULES


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_rule_has_no_floats_and_keeps_nothing(name):
    assert list(offences(RULES[name])) == []


@pytest.mark.parametrize(
    "code",
    ["x = 0.5", "x = a / 2", "x /= 2", "float(x)", "hash(x)", "def f():\n global x",
     "[y for y in {1, 2}]", "id(x)", "for y in {1, 2}: pass"],
)  # fmt: skip
def test_the_check_would_notice(code):
    assert list(offences(ast.parse(code)))


def test_the_rules_need_nothing_but_the_standard_library():
    """A fresh interpreter without any installed package can run them."""
    modules = ", ".join(f"queued.core.{name}" for name in sorted(RULES))
    run = subprocess.run(
        [sys.executable, "-S", "-E", "-c", f"import {modules}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr


DAY = """
from tests.core.test_days import busy
from tests.core.given import GivenHall
from queued.core.commands import CloseDay
from queued.engine.codec import record_of
hall, digest = busy(GivenHall()).given(CloseDay()), bytes(32)
for seq, event in enumerate(hall.history, 1):
    digest = record_of(event, seq, digest).hash
print(digest.hex())
"""


def test_the_same_commands_give_the_same_bytes_in_every_process():
    digests = set()
    for seed in ("0", "1", "12345"):
        run = subprocess.run(
            [sys.executable, "-c", DAY], cwd=ROOT, capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        digests.add(run.stdout)
    assert len(digests) == 1
