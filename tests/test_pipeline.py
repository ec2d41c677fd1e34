"""The whole pipeline as a user runs it: real DVC, in a repository of its own, on a few synthetic images."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

from pipeline.cifar.layouts import LAYOUTS, encode_records
from pipeline.cifar.synthetic import draw_images

ROOT = Path(__file__).parents[1]
NETWORK = "attention-mini"
TRAIN_IMAGES, TEST_IMAGES = 100, 40


def synthetic_digest():
    layout = LAYOUTS["cifar10"]
    lines = ""
    for stream, name in enumerate(layout.data_files):
        count = TEST_IMAGES if name in layout.test_files else TRAIN_IMAGES // 5
        lines += f"{hashlib.sha256(encode_records(*draw_images(count, stream))).hexdigest()}  {name}\n"
    return hashlib.sha256(lines.encode()).hexdigest()


def write_tiny_params(path):
    yaml = YAML()
    params = yaml.load(path)
    params["networks"] = [NETWORK]
    params["download"].update(train_images=TRAIN_IMAGES, test_images=TEST_IMAGES, sha256=synthetic_digest())
    params["preprocess"]["validation_images"] = 20
    params["tfrecords"]["images_per_shard"] = 30
    params["model"].update(width=0.0625, dropout=0.2)
    params["train"].update(epochs=3, batch_size=20, ema_momentum=0.9)
    params["evaluate"]["batch_size"] = 20
    yaml.dump(params, path)


def test_the_recorded_demo_is_of_this_code_and_these_parameters():
    status = subprocess.run(
        [Path(sys.executable).with_name("dvc"), "status", "--json"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    changes = [change for stage in json.loads(status.stdout).values() for change in stage if "changed deps" in change]
    modified = {dep for change in changes for dep, what in change["changed deps"].items() if what != "deleted"}
    assert not {dep for dep in modified if not dep.startswith("data/")}


class Repository:
    """A repository with this project's files, and the commands that a user types in it."""

    def __init__(self, folder, home):
        self.folder = folder
        self.env = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(home / "site"),
            **{f"GIT_{role}_{key}": "nobody" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")},
        }

    def run(self, *command, check=True):
        result = subprocess.run(
            command,
            check=False,
            cwd=self.folder,
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert not check or result.returncode == 0, result.stdout[-3000:]
        return result.stdout

    def start(self, *command):
        return subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=subprocess.DEVNULL)

    def read(self, name):
        return (self.folder / name).read_bytes()


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository in which the pipeline has run once."""
    folder, home = tmp_path_factory.mktemp("repository"), tmp_path_factory.mktemp("home")
    repository = Repository(folder, home)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    write_tiny_params(folder / "params.yaml")
    repository.run("git", "init", "--quiet", "--initial-branch=main")
    repository.run("dvc", "repro")
    repository.run("git", "add", "--all")
    repository.run("git", "commit", "--quiet", "--message=ARL")
    return repository


def test_metrics_hold_the_three_errors_and_nothing_else(repository):
    metrics = json.loads(repository.read(f"metrics/{NETWORK}.json"))
    assert list(metrics) == ["train_error_percent", "validation_error_percent", "test_error_percent"]
    assert all(0 <= error <= 100 for error in metrics.values())


def test_metrics_agree_with_the_predictions_and_the_history(repository):
    metrics = json.loads(repository.read(f"metrics/{NETWORK}.json"))
    predictions = pd.read_csv(repository.folder / f"predictions/{NETWORK}.csv")
    history = pd.read_csv(repository.folder / f"history/{NETWORK}.csv")
    assert len(predictions) == TEST_IMAGES
    assert metrics["test_error_percent"] == 100 * (predictions.actual != predictions.predicted).mean()
    assert metrics["validation_error_percent"] == history.validation_error_percent.iloc[-1]


def test_the_report_shows_the_errors_and_its_pictures(repository):
    report = repository.read("reports/report.md").decode()
    error = json.loads(repository.read(f"metrics/{NETWORK}.json"))["test_error_percent"]
    assert f"| {error:.2f} |" in report
    for picture in ("learning-curves", f"confusion-{NETWORK}", "mean"):
        assert f"(figures/{picture}.png)" in report
        assert repository.read(f"reports/figures/{picture}.png").startswith(b"\x89PNG")


def test_nothing_in_the_outputs_tells_the_machine_or_the_folder(repository):
    for name in ("dvc.lock", "reports/report.md", f"details/{NETWORK}.json", f"metrics/{NETWORK}.json"):
        assert str(repository.folder).encode() not in repository.read(name)


def test_git_sees_no_change_that_is_not_recorded(repository):
    assert not repository.run("git", "status", "--short")


def test_a_second_run_has_nothing_to_do(repository):
    output = repository.run("dvc", "repro")
    assert "Running stage" not in output
    assert "up to date" in output


def test_a_change_in_augmentation_touches_no_data_stage(repository):
    code = repository.folder / "pipeline/cifar/augmentation.py"
    before = code.read_text()
    code.write_text(before.replace("a pure function", "A pure function", 1))
    changed = json.loads(repository.run("dvc", "status", "--json"))
    code.write_text(before)
    assert set(changed) == {f"train@{NETWORK}", f"evaluate@{NETWORK}"}


def test_nal_as_an_experiment_trains_only_and_compares_by_dvc_metrics_diff(repository):
    output = repository.run("dvc", "exp", "run", "--name", "my-nal", "--set-param", "model.learning=nal")
    ran = [line for line in output.splitlines() if line.startswith("Running stage")]
    assert ran == [f"Running stage '{stage}':" for stage in (f"train@{NETWORK}", f"evaluate@{NETWORK}", "report")]
    table = repository.run("dvc", "metrics", "diff", "HEAD", "my-nal", "--all", "--md")
    assert [line.split("|")[2].strip() for line in table.splitlines()[2:] if "|" in line] == [
        "test_error_percent",
        "train_error_percent",
        "validation_error_percent",
    ]
    assert "my-nal" in repository.run("dvc", "exp", "show", "--md")
    assert "validation_error_percent" in repository.run("dvc", "plots", "diff", "HEAD", "my-nal", "--json")
    repository.run("git", "checkout", "--quiet", "--", ".")
    repository.run("dvc", "checkout", "--quiet")


def test_a_training_that_is_killed_goes_on_and_ends_with_the_same_bytes(repository):
    expected = [repository.read(name) for name in (f"models/{NETWORK}/model.keras", f"history/{NETWORK}.csv")]
    command = ("python", "-m", "pipeline.stages.train", NETWORK)
    process = repository.start(*command)
    while not list(repository.folder.glob("checkpoints/*/epoch-000001.checkpoint")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert "going on after epoch" in repository.run(*command)
    received = [repository.read(name) for name in (f"models/{NETWORK}/model.keras", f"history/{NETWORK}.csv")]
    assert received == expected
    assert not list(repository.folder.glob("checkpoints/*"))


def test_a_model_of_another_network_is_refused_and_the_metrics_stay(repository):
    params = repository.folder / "params.yaml"
    before, metrics = params.read_text(), repository.read(f"metrics/{NETWORK}.json")
    params.write_text(before.replace("width: 0.0625", "width: 0.125"))
    output = repository.run("python", "-m", "pipeline.stages.evaluate", NETWORK, check=False)
    params.write_text(before)
    assert output.splitlines()[-1].startswith(f"error: models/{NETWORK}/model.keras requires the weights of {NETWORK}")
    assert "Traceback" not in output
    assert repository.read(f"metrics/{NETWORK}.json") == metrics


def test_the_jax_backend_trains_and_evaluates_the_same_network(repository):
    pytest.importorskip("jax")
    params = repository.folder / "params.yaml"
    before = params.read_text()
    params.write_text(before.replace("backend: tensorflow", "backend: jax"))
    for stage in ("train", "evaluate"):
        assert "jax on CPU" in repository.run("python", "-m", f"pipeline.stages.{stage}", NETWORK)
    params.write_text(before)
    metrics = json.loads(repository.read(f"metrics/{NETWORK}.json"))
    history = pd.read_csv(repository.folder / f"history/{NETWORK}.csv")
    assert len(history) == 3
    assert metrics["validation_error_percent"] == history.validation_error_percent.iloc[-1]
