import subprocess
import sys

import pytest

from benchmarks.measurement import Row, Target
from benchmarks.processes import ROOT, measure_command, measure_in_turn
from benchmarks.results import render_table


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target("ratio", "≥", 2.5), True),
        (Target("ratio", "≥", 2.6), False),
        (Target("ratio", "≤", 2.4), False),
        (Target("ours", "≤", 10), True),
        (Target("ours", "≤", 9), False),
        (None, None),
    ],
)
def test_a_target_is_met_by_the_median(target, met):
    row = Row("what", "s", "another", [(10, 4), (9, 9), (100, 10)], target)
    assert row.met is met
    assert render_table([row]).splitlines()[-1].startswith("| what | 10 s | 9 s | another | 2.5 (1–10) |")


def test_a_row_without_another_side_has_no_ratio():
    row = Row("what", "s", "", [(1234.5, 0)], Target("ours", "≤", 2000))
    assert render_table([row]).splitlines()[-1] == "| what | 1,234 s | – |  | – | ≤ 2,000 s | yes |"


def test_each_side_goes_first_in_turn():
    order = []
    pairs = measure_in_turn(4, lambda: order.append("ours") or 1.0, lambda: order.append("other") or 2.0)
    assert order == ["ours", "other", "other", "ours"] * 2
    assert pairs == [(1.0, 2.0)] * 4


def test_a_command_that_fails_says_what_it_printed(tmp_path):
    with pytest.raises(RuntimeError, match="no such luck"):
        measure_command(["sh", "-c", "echo no such luck; exit 3"], tmp_path)


def test_memory_of_a_command_is_that_of_its_largest_process(tmp_path):
    usage = measure_command(["sh", "-c", "python -c 'x = b\"x\" * 200_000_000'; true"], tmp_path)
    assert 0.2 < usage.peak_gigabytes < 0.3
    assert usage.cpu_seconds > 0


def test_names_that_are_no_benchmark_are_refused():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "nope"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode
    assert done.stderr.splitlines()[-1].endswith("Received: nope")
