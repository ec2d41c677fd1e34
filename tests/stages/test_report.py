from pipeline.evaluation.markdown import render_template
from pipeline.inputs import read_json
from pipeline.settings.params import load_params
from pipeline.stages.report import TEMPLATE, collect_values, load_results
from tests.tiny_repository import ROOT

SPLITS = ("train", "validation", "test")


def test_the_committed_report_is_that_of_the_committed_results(monkeypatch):
    monkeypatch.chdir(ROOT)
    params = load_params()
    details = read_json(ROOT / f"details/{params.networks[0]}.json")
    pairs = ("train-validation", "train-test", "validation-test")
    statistics = {
        "dataset": details["dataset"],
        "sha256": details["dataset_sha256"],
        "images": {"train": 2000, "validation": 200, "test": 1000},
        "duplicates": dict.fromkeys((*SPLITS, *pairs), 0),
    }
    results = {network: load_results(network, statistics["sha256"]) for network in params.networks}
    page = render_template(TEMPLATE, **collect_values(params, statistics, results))
    assert page == (ROOT / "reports/report.md").read_text()
