"""The README's figures are those that this repository has published, and its lists are complete."""

import json
import re

import pytest

from execution.studies import Study
from experiments.comparing.paired_tests import tabulate_paired_tests
from experiments.publishing.published_run import find_run
from pipeline.settings.plain_yaml import load_plain_yaml
from tests.tiny_repository import ROOT

LINES = (ROOT / "README.md").read_text().splitlines()
DEMO = ("demo-arl", "demo-nal")


def read_rows(*headings):
    """The cells of the table with these headings, row by row, as text."""
    found = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in LINES]
    begin = found.index([*headings]) + 2
    end = next(place for place in range(begin, len(LINES)) if not LINES[place].strip().startswith("|"))
    return found[begin:end]


def read_errors(name, network):
    return json.loads((ROOT / f"results/{name}/metrics/{network}.json").read_text())


def test_the_demos_table_has_its_test_errors():
    rows = read_rows("Network", "demo-arl (ARL)", "demo-nal (NAL)", "Change")
    assert [row[0] for row in rows] == ["attention-56", "attention-92"]
    for network, *numbers in rows:
        arl, nal = (read_errors(name, network)["test_error_percent"] for name in DEMO)
        assert numbers == [f"{arl:.2f}", f"{nal:.2f}", f"{nal - arl:+.2f}"]


def test_dvcs_table_has_the_demos_errors():
    rows = read_rows("Path", "Metric", *DEMO, "Change")
    assert len(rows) == 6
    for path, metric, *numbers in rows:
        arl, nal = (read_errors(name, re.search(r"attention-\d+", path)[0])[metric] for name in DEMO)
        assert list(map(float, numbers)) == pytest.approx([arl, nal, nal - arl])


def test_the_table_of_a_comparison_is_that_of_the_published_runs():
    runs = [find_run(ROOT, f"results/cifar10-cpu-{learning}") for learning in ("arl", "nal")]
    (test,) = tabulate_paired_tests(*runs)
    assert read_rows(*test) == [[str(value) for value in test.values()]]


def test_a_checked_model_has_its_published_error():
    error = read_errors("cifar10-cpu-arl", "attention-56")["test_error_percent"]
    assert f"    test error {error:.2f} %, recorded {error:.2f} %" in LINES


def test_each_study_is_listed_with_as_many_runs_as_its_file_asks_for():
    listed = {re.sub("`", "", name): int(runs) for name, _, runs in read_rows("study", "question", "runs")}
    expected = {}
    for path in ROOT.glob("studies/*.yaml"):
        study = Study.model_validate(load_plain_yaml(path.read_text(), path.name))
        runs = [
            (setting.network, setting.learning, json.dumps(setting.changes), seed)
            for setting in study.settings
            for seed in setting.seeds
        ]
        expected[path.stem] = len(set(runs))
    assert listed == expected


def test_all_recipes_are_listed():
    rows = read_rows("recipe", "what it is", "needs, ARL and NAL together")
    assert {name for row in rows for name in re.findall("`(.+?)`", row[0])} == {
        path.stem for path in ROOT.glob("recipes/*.yaml")
    }
