import json

import pandas as pd
import pytest
from dvc.repo.experiments.refs import ExpRefInfo

from execution.git import find_commit
from experiments.comparison import write_comparison
from experiments.comparison_page import compose_comparison
from experiments.experiment import load_run
from experiments.recorded_run import Result, Run
from pipeline.errors import InputError
from pipeline.settings.params import check_params
from tests.tiny_repository import ROOT

CLASSES = ["a", "b"]


@pytest.fixture
def make_run(demo):
    """A recorded run, made up: of each network 10 test images, of which the given ones are classified wrongly."""

    def make(name, wrong, dataset="cifar10", learning="arl", seed=0):
        demo["model"]["learning"], demo["train"]["seed"] = learning, seed
        demo["networks"] = list(wrong)
        results = {}
        for network, images in wrong.items():
            actual = pd.Series(CLASSES * 5)
            predicted = actual.where(~actual.index.isin(images), actual.map({"a": "b", "b": "a"}))
            error = 10.0 * len(images)
            results[network] = Result(
                metrics={f"{split}_error_percent": error for split in ("train", "validation", "test")},
                details={"dataset": dataset, "dataset_sha256": f"digest-of-{dataset}", "parameters": 12345},
                timing={"train_minutes": 1.5},
                machine={
                    "device": "CPU, 2 threads",
                    "processor": "a processor",
                    "libraries": {"tensorflow": "1.2", "numpy": "2.3"},
                },
                history=pd.DataFrame({"epoch": [1], "train_error_percent": [50.0], "validation_error_percent": [40.0]}),
                predictions=pd.DataFrame({"actual": actual, "predicted": predicted}),
            )
        params = check_params(demo, "demo")
        return Run(name, "f" * 40, "c" * 40, params, results)

    return make


def rows(page, network):
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith(f"| {network} ")
    ]


def test_errors_change_published_figures_and_paired_test(make_run):
    first = make_run("mine-arl", {"attention-56": [0, 1]})
    second = make_run("mine-nal", {"attention-56": [1, 2, 3, 4, 5, 6]}, learning="nal")
    table, paired, *_ = rows(compose_comparison(first, second), "attention-56")
    assert table == ["attention-56", "20.00", "60.00", "+40.00", "5.52", "5.89", "+0.37", "5.28", "9.03"]
    # Image 0 against images 2 to 6: 2 · (1 + 6) / 2⁶; 1.96 √(6 − 4²/10) / 10
    assert paired == ["attention-56", "5", "1", "10", "+40.00 ± 41.11", "0.22"]


def test_other_lists_of_networks_leave_gaps(make_run):
    first = make_run("one", {"attention-56": [0], "attention-92": [0]})
    second = make_run("two", {"attention-92": [1], "attention-mini": [2]})
    page = compose_comparison(first, second)
    assert [rows(page, network)[0][1:4] for network in ("attention-56", "attention-92", "attention-mini")] == [
        ["10.00", "–", "–"],
        ["10.00", "10.00", "+0.00"],
        ["–", "10.00", "–"],
    ]
    assert rows(page, "attention-56")[1][1:] == ["–"] * 5


def test_predictions_that_are_not_in_the_cache_leave_a_gap(make_run):
    first, second = make_run("one", {"attention-56": [0]}), make_run("two", {"attention-56": [1]})
    result = second.results["attention-56"]._replace(predictions=None)
    page = compose_comparison(first, second._replace(results={"attention-56": result}))
    assert rows(page, "attention-56")[1][1:] == ["–"] * 5


def test_what_ties_the_numbers_to_their_making(make_run):
    page = compose_comparison(
        make_run("one", {"attention-56": [0]}), make_run("two", {"attention-56": [0]}, learning="nal", seed=7)
    )
    evidence = page[page.index("## Evidence") :]
    for part in ("digest-of-cifar10", "c" * 40, "f" * 12, "training seed 7", "tensorflow 1.2", "a processor", "n = 1"):
        assert part in evidence
    assert "jax" not in evidence
    assert "Parameters that differ: `model.learning` arl → nal; `train.seed` 0 → 7." in evidence


def test_images_without_published_figures_are_said_to_be_others(make_run):
    runs = [make_run(name, {"attention-56": [0]}, dataset="synthetic") for name in ("one", "two")]
    page = compose_comparison(*runs)
    assert "The published figures are of cifar10, not of these images." in page
    assert rows(page, "attention-56")[0][4] == "5.52"


def test_runs_on_different_data_are_refused_by_name_and_nothing_is_written(make_run, tmp_path):
    runs = (make_run("one", {"attention-56": [0]}), make_run("two", {"attention-56": [0]}, dataset="cifar100"))
    with pytest.raises(InputError) as error:
        write_comparison(tmp_path, *runs)
    assert str(error.value) == (
        "a comparison requires two runs on the same data. "
        "Received: one on cifar10 (sha256 digest-of-cifar10); two on cifar100 (sha256 digest-of-cifar100)"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_page_and_its_picture_are_written_again_over_the_last(make_run, tmp_path):
    runs = make_run("one", {"attention-56": [0]}), make_run("topic/two", {"attention-56": [0]})
    for _ in range(2):
        page = write_comparison(tmp_path, *runs)
    assert page == tmp_path / "comparisons/one-topic-two/comparison.md"
    assert "(learning-curves.png)" in page.read_text()
    assert page.with_name("learning-curves.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_no_run_is_refused(small_repository):
    with pytest.raises(InputError, match=r"requires the name of an experiment or a revision\. Received: nope"):
        load_run(small_repository.folder, "nope")
    with pytest.raises(InputError, match=r"HEAD: params\.yaml: "):
        load_run(small_repository.folder, "HEAD")


@pytest.fixture
def record(small_repository):
    """Commit made-up results of two networks, with class names that look like something else."""
    folder = small_repository.folder
    (folder / "params.yaml").write_text((ROOT / "recipes/demo.yaml").read_text())
    small_repository.run("git", "config", "user.name", "somebody")
    small_repository.run("git", "config", "user.email", "somebody@localhost")

    def write(predicted, digests=("one", "one")):
        for network, digest in zip(("attention-56", "attention-92"), digests, strict=True):
            details = {"dataset": "custom", "dataset_sha256": digest, "parameters": 1}
            errors = {f"{split}_error_percent": 0 for split in ("train", "validation", "test")}
            contents = {
                f"metrics/{network}.json": json.dumps(errors),
                f"details/{network}.json": json.dumps(details),
                f"timing/{network}.json": json.dumps({"train_minutes": 1}),
                f"machine/{network}.json": json.dumps({"device": "CPU", "processor": "one", "libraries": {}}),
                f"history/{network}.csv": "epoch\n1\n",
                f"predictions/{network}.csv": f"index,actual,predicted\n0,7,{predicted}\n1,None,{predicted}\n",
            }
            for name, content in contents.items():
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_text(content)
        small_repository.commit(f"results {predicted}")
        return folder

    return write


def test_names_of_classes_stay_names(record):
    predictions = load_run(record("7"), "HEAD").results["attention-56"].predictions
    assert (predictions["actual"] == predictions["predicted"]).tolist() == [True, False]
    assert predictions["actual"].tolist() == ["7", "None"]


def test_results_on_different_data_are_no_run(record):
    with pytest.raises(InputError, match=r"HEAD requires results on one data set.*attention-92 on two"):
        load_run(record("7", digests=("one", "two")), "HEAD")


def test_an_experiment_is_that_of_its_commit_whatever_has_its_name(record, small_repository):
    folder, commits = None, []
    for predicted in ("1", "2"):
        folder = record(predicted)
        commits.append(find_commit(folder, "HEAD"))
    for commit in commits:
        small_repository.run("git", "update-ref", str(ExpRefInfo(commit, "mine")), commit)
    small_repository.run("git", "tag", "mine", commits[0])
    for commit, predicted in zip(commits, ("1", "2"), strict=True):
        run = load_run(folder, "mine", commit)
        assert run.commit == commit
        assert run.results["attention-56"].predictions["predicted"][0] == predicted


def test_a_revision_without_results_is_no_run(small_repository):
    (small_repository.folder / "params.yaml").write_text((ROOT / "recipes/demo.yaml").read_text())
    small_repository.run("git", "config", "user.name", "somebody")
    small_repository.run("git", "config", "user.email", "somebody@localhost")
    small_repository.commit("parameters only")
    with pytest.raises(InputError, match=r"HEAD requires the results of a complete run. Received: none in metrics/"):
        load_run(small_repository.folder, "HEAD")
