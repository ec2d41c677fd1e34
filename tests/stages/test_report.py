import pytest

from pipeline.evaluation.markdown import render_template
from pipeline.inputs import read_json
from pipeline.settings.params import load_params
from pipeline.settings.sections import Model
from pipeline.stages.report import TEMPLATE, collect_values, load_results, name_variant
from tests.tiny_repository import ROOT

SPLITS = ("train", "validation", "test")


@pytest.fixture
def committed(monkeypatch):
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
    return params, statistics, results


def test_the_committed_report_is_that_of_the_committed_results(committed):
    assert render_template(TEMPLATE, **collect_values(*committed)) == (ROOT / "reports/report.md").read_text()


def test_a_report_says_that_labels_are_wrong_and_what_published_figures_are_not_of(committed):
    params, statistics, results = committed
    statistics |= {"dataset": "cifar10", "wrong_train_labels": 600}
    noisy = params.preprocess.model_copy(update={"label_noise": 0.3})
    params = params.model_copy(update={"preprocess": noisy})
    report = render_template(TEMPLATE, **collect_values(params, statistics, results))
    assert "\n\n600 training labels are wrong (label noise): " in report
    assert "\nThere are none to compare these networks with, as they are here, on cifar10.\n" in report


@pytest.mark.parametrize(
    ("variant", "words"),
    [
        ({}, "ARL, (1 + M)·T"),
        ({"learning": "nal"}, "NAL, M·T"),
        ({"attention": "spatial", "mask": "convolutions"}, "ARL, (1 + M)·T; spatial attention; masks by convolutions"),
        ({"mask": "none", "learning": "nal"}, "No masks, the trunk T alone"),
    ],
)
def test_a_variant_is_named_by_what_is_not_the_papers_own(variant, words, demo):
    assert name_variant(Model(**demo["model"] | variant)) == words
