import subprocess
import sys

import pytest

from benchmarks.measurement import Row, Section, Target
from benchmarks.processes import ROOT, Contender, measure_command, measure_in_turn, run_module
from benchmarks.results import describe_commit, load_sections, render_results, render_table, save_section


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


def test_the_ratio_of_an_even_number_of_pairs_lies_between_the_middle_ones():
    row = Row("what", "s", "another", [(1, 1), (4, 1), (2, 1), (3, 1)], Target("ratio", "≥", 2.6))
    assert "| 2.5 (1–4) |" in render_table([row])
    assert row.met is False


def test_what_was_found_is_kept_benchmark_by_benchmark(tmp_path):
    rows = [Row("one", "s", "another", [(2.0, 1.0)], Target("ratio", "≤", 3)), Row("two", "s", "", [(1.0, 0.0)], None)]
    for name, row in zip(("first", "last"), rows, strict=True):
        save_section(tmp_path / "measured", name, Section([row], f"## {name}"))
    found = load_sections(tmp_path / "measured", ("last", "none", "first"))
    assert [(name, measured.section.rows) for name, measured in found.items()] == [
        ("last", rows[1:]),
        ("first", rows[:1]),
    ]
    page = render_results(found)
    assert page.count("- `last`, `first`: commit ") == 1
    assert page.endswith(f"{render_table(rows[::-1])}\n\n## last\n\n## first\n")


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


def test_a_module_that_fails_says_why():
    with pytest.raises(RuntimeError, match="No module named benchmarks"):
        run_module("benchmarks.nope")


def test_a_contender_that_dies_says_why():
    with Contender("benchmarks.nope") as contender:
        contender.process.wait()
        with pytest.raises(RuntimeError, match="No module named benchmarks"):
            contender.measure()


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


def test_what_benchmarks_write_does_not_make_a_commit_another(tmp_path):
    def git(*arguments):
        author = ("-c", "user.name=somebody", "-c", "user.email=somebody@localhost")
        subprocess.run(["git", *author, *arguments], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks/RESULTS.md").touch()
    (tmp_path / "code.py").touch()
    git("init")
    git("add", "--all")
    git("commit", "--message=first")
    commit = describe_commit(tmp_path)
    assert len(commit) >= 7
    (tmp_path / "benchmarks/RESULTS.md").write_text("new")
    save_section(tmp_path / "benchmarks/measured", "one", Section([], ""))
    assert describe_commit(tmp_path) == commit
    (tmp_path / "code.py").write_text("new")
    assert describe_commit(tmp_path) == f"{commit}-dirty"
