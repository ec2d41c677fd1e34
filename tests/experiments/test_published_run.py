import hashlib
import json
import re

import numpy as np
import pandas as pd
import pytest

from execution.git import find_commit
from execution.plan import Plan
from experiments.experiment import load_run
from experiments.provenance import Evidence
from experiments.publishing.published_run import (
    find_run,
    list_folders,
    list_study_folders,
    load_published,
    publish_run,
)
from experiments.verifying.agreement import describe_agreement
from pipeline.cifar.datasets import CIFAR10
from pipeline.errors import InputError
from tests.experiments.made_up_runs import NETWORKS, RECIPE, write_run
from tests.tiny_repository import ROOT


def test_a_published_run_is_the_recorded_one(record):
    folder = record("mine-arl", 2)
    recorded = load_run(folder, "mine-arl")
    published = publish_run(folder, "mine-arl")
    assert published.as_posix() == "results/mine-arl"
    assert (folder / published / "reports/figures/one.png").read_bytes() == b"\x89PNG\xff"
    found = find_run(folder, "results/mine-arl")
    assert found[1:5] == recorded[1:5]
    for network, result in recorded.results.items():
        for field in result._fields:
            one, other = getattr(result, field), getattr(found.results[network], field)
            assert one.equals(other) if isinstance(one, pd.DataFrame) else one == other
    assert find_run(folder, "mine-arl").name == "mine-arl"


def test_a_run_that_is_called_by_its_reference_is_published_by_its_name(record, small_repository):
    for wrong in (2, 3):
        folder = record("mine-arl", wrong)
        small_repository.commit("nothing new")
    with pytest.raises(InputError, match="of other commits; give one of refs/exps/") as error:
        publish_run(folder, "mine-arl")
    errors = set()
    for reference in re.findall(r"refs/exps/\S+/mine-arl", str(error.value)):
        published = load_published(folder, publish_run(folder, reference))
        assert published.run.name == "results/mine-arl"
        errors.add(published.run.results[NETWORKS[0]].metrics["test_error_percent"])
    assert errors == {20.0, 30.0}


def test_the_evidence_tells_the_command_that_makes_the_run_again(record):
    folder = record("mine-nal-s7", 2, learning="nal", seed=7)
    evidence = json.loads((folder / publish_run(folder, "mine-nal-s7") / "evidence.json").read_text())
    commit = find_commit(folder, "HEAD")
    assert evidence["command"] == (
        f"prefect deployment run reproduce/mine -p commit={commit} -p learning=nal -p seed=7"
    )
    assert (evidence["recipe"], evidence["commit"]) == ("mine", commit)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "else-arl",
            lambda clone: Plan("mine", "", {}, "mine-arl", "").write(clone),
            "a recipe's run without overrides.*Received: else-arl",
        ),
        (
            "mine-arl",
            lambda clone: (clone / "plan.json").unlink(),
            "requires plan.json, as a flow writes it. Received: mine-arl, without",
        ),
        (
            "mine-arl",
            lambda clone: (clone / "params.yaml").write_text(RECIPE.replace("epochs: 32", "epochs: 33")),
            "a recipe's run without overrides.*Received: mine-arl",
        ),
        (
            "mine-arl",
            lambda clone: (clone / "code.py").touch(),
            "files of its commit.*Received: mine-arl, which has others: code.py",
        ),
        (
            "mine-arl",
            lambda clone: (clone / "predictions/attention-92.csv").unlink(),
            "requires all files of a run. Received: no predictions/attention-92.csv",
        ),
        (
            "mine-arl",
            lambda clone: (clone / "timing/attention-56.json").write_text('{"train_minutes": 1}'),
            "timing/attention-56.json requires the md5 of dvc.lock",
        ),
    ],
)
def test_what_cannot_be_published_is_refused_and_nothing_is_written(name, change, message, record):
    folder = record(name, 2, change)
    with pytest.raises(InputError, match=message):
        publish_run(folder, name)
    assert not list((folder / "results").glob("*"))


def test_a_run_of_a_commit_that_others_lack_or_of_none_is_refused(record, small_repository):
    folder = record("mine-arl", 2)
    write_run(folder, 2, learning="nal")
    small_repository.commit("no experiment")
    small_repository.run("git", "tag", "mine-nal")
    with pytest.raises(InputError, match=r"requires an experiment\. Received: mine-nal, which is none"):
        publish_run(folder, "mine-nal")
    small_repository.run("git", "reset", "--quiet", "--hard", "HEAD~2")
    with pytest.raises(InputError, match="requires a commit that HEAD contains"):
        publish_run(folder, "mine-arl")
    assert not list((folder / "results").glob("*"))


def write_made_up(folder):
    """Write a made-up run as publishing does."""
    write_run(folder, 2)
    evidence = Evidence("mine", "commit", "revision", "command")
    (folder / "evidence.json").write_text(json.dumps(evidence._asdict()))


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("evidence.json", b"{", "results/mine-arl requires evidence.json, as publishing writes it"),
        ("evidence.json", b'{"recipe": "mine"}', "no object with the keys recipe, commit, revision, command"),
        ("metrics/attention-56.json", b"{", "metrics/attention-56.json is required as a run writes it"),
        ("details/attention-56.json", b"{}", "no object with the keys dataset, dataset_sha256"),
        ("history/attention-56.csv", b"", "history/attention-56.csv is required as a run writes it"),
        ("machine/attention-56.json", b"\xff", "machine/attention-56.json is required as a run writes it"),
        ("predictions/attention-56.csv", None, r"requires the md5 of dvc.lock, \w+. Received: none"),
        ("reports/report.md", b"another", "reports requires the md5 of dvc.lock"),
        ("timing/attention-92.json", b'{"train_minutes": 1}', "timing/attention-92.json requires the md5"),
        ("dvc.lock", None, "requires the results of a complete run. Received: none in dvc.lock"),
        ("dvc.lock", b"{}", "dvc.lock is required as a run writes it"),
        ("evidence.json", None, "results/mine-arl requires evidence.json, as publishing writes it"),
    ],
)
def test_a_folder_with_another_file_than_was_recorded_is_refused_in_one_line(file, content, message, tmp_path):
    write_made_up(tmp_path / "results/mine-arl")
    path = tmp_path / "results/mine-arl" / file
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        find_run(tmp_path, "results/mine-arl")
    assert "\n" not in str(error.value)


def test_a_misspelled_folder_of_results_is_answered_with_those_there_are(tmp_path):
    write_made_up(tmp_path / "results/mine-arl")
    with pytest.raises(InputError, match=r"results/ requires one of its runs: mine-arl\. Received: mine-al$"):
        find_run(tmp_path, "results/mine-al")


def test_a_run_with_the_published_bytes_is_said_to_have_them_and_another_one_in_what_it_differs(record):
    folder = record("mine-arl", 2)
    assert "nothing is published" in describe_agreement(folder, load_run(folder, "mine-arl"))
    publish_run(folder, "mine-arl")
    same = "mine-arl: all 8 outputs have the bytes that results/mine-arl records."
    assert describe_agreement(folder, load_run(folder, "mine-arl")) == same

    def change_machine(clone):
        for network in NETWORKS:
            path = clone / f"machine/{network}.json"
            path.write_text(path.read_text().replace('"one"', '"other"'))

    record("mine-arl", 3, change_machine)
    said = describe_agreement(folder, load_run(folder, "mine-arl"))
    assert said.startswith("mine-arl: 8 of 8 outputs have other bytes than results/mine-arl records: details/attention")
    assert "test_error_percent 20 → 30" in said
    assert said.endswith("Of what made them, the machine (processor one → other) differs.")
    assert "\n" not in said


PUBLISHED = [*list_folders(ROOT), *list_study_folders(ROOT)]
DIGESTS = {
    CIFAR10.name: hashlib.sha256(
        "".join(f"{sha256}  {name}\n" for name, sha256 in CIFAR10.file_sha256.items()).encode()
    ).hexdigest(),
}


@pytest.mark.parametrize("folder", PUBLISHED, ids=str)
def test_published_errors_are_those_of_the_predictions_on_the_known_data(folder):
    run = load_published(ROOT, folder).run
    name, sha256 = run.dataset
    download = run.params.download
    assert sha256 == (download.sha256 if name == "synthetic" else DIGESTS[name])
    for result in run.results.values():
        wrong = result.predictions["actual"] != result.predictions["predicted"]
        assert len(wrong) == (download.test_images if name == "synthetic" else 10_000)
        assert result.metrics["test_error_percent"] == pytest.approx(100 * wrong.mean())
        assert result.metrics["validation_error_percent"] == pytest.approx(
            result.history["validation_error_percent"].iloc[-1], abs=1e-3
        )
        assert len(result.history) == run.params.train.epochs
        per_class = 100 * wrong.groupby(result.predictions["actual"]).mean()
        assert result.details["test_error_percent_per_class"] == pytest.approx(per_class.to_dict())
        # Guo et al. 2017, equation 3: the gap of each of 15 bins, weighted by its images.
        probability = result.predictions["probability"].astype(float)
        bins = pd.cut(probability, np.linspace(0, 1, 16), labels=False)
        gaps = (~wrong - probability).groupby(bins).sum().abs()
        assert result.details["test_calibration_error_percent"] == pytest.approx(
            100 * gaps.sum() / len(wrong), abs=1e-3
        )
