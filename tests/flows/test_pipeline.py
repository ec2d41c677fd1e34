"""The whole pipeline as a user of DVC runs it, where `make reproduce` has run, on a few synthetic images."""

import io
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.html_page import Page
from tests.tiny_repository import NETWORK, ROOT, TEST_IMAGES, Repository


def test_the_recorded_demo_is_of_this_code_and_these_parameters():
    status = subprocess.run(
        [Path(sys.executable).with_name("dvc"), "status", "--json"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    changes = [change for stage in json.loads(status.stdout).values() for change in stage if isinstance(change, dict)]
    states = [state for change in changes for state in change.values()]
    modified = {name for state in states for name, what in state.items() if what not in ("deleted", "not in cache")}
    assert not {name for name in modified if not name.startswith("data/")}


RECORDED = ("metrics", "details", "history", "timing", "machine", "reports")
CACHED = re.compile(r"^Stage '(\S+)' is cached - skipping run", re.MULTILINE)
RUN = re.compile(r"^Running stage '(\S+)'", re.MULTILINE)


@pytest.fixture(scope="module")
def repository(project, first_run, tmp_path_factory):
    """A clone in which `dvc repro` has run the tiny recipe; its cache is the one of the repository that was run."""
    repository = Repository(tmp_path_factory.mktemp("repository"), tmp_path_factory.mktemp("home"))
    repository.run("git", "clone", "--quiet", str(project.folder), ".")
    repository.run("dvc", "cache", "dir", "--local", str(project.folder / ".dvc/cache"))
    shutil.copyfile(repository.folder / "recipes/tiny.yaml", repository.folder / "params.yaml")
    output = repository.run("dvc", "repro")
    of_network = [f"{stage}@{NETWORK}" for stage in ("train", "evaluate")]
    assert CACHED.findall(output) == ["download", "preprocess", "tfrecords", *of_network]
    # Here its folders have the published demo's files, too.
    assert RUN.findall(output) == ["report"]
    changed = {line[3:].partition("/")[0] for line in repository.run("git", "status", "--short").splitlines()}
    assert changed <= {"params.yaml", "dvc.lock", *RECORDED}  # git is told to pass over all else
    repository.commit("ARL")
    return repository


def test_metrics_agree_with_the_predictions_and_the_history(repository):
    metrics = json.loads(repository.read(f"metrics/{NETWORK}.json"))
    predictions = pd.read_csv(repository.folder / f"predictions/{NETWORK}.csv")
    history = pd.read_csv(repository.folder / f"history/{NETWORK}.csv")
    assert len(predictions) == TEST_IMAGES
    assert metrics["test_error_percent"] == 100 * (predictions.actual != predictions.predicted).mean()
    assert metrics["validation_error_percent"] == history.validation_error_percent.iloc[-1]


def test_what_is_kept_of_the_test_images_is_what_the_saved_model_says_of_them(repository):
    import keras

    model = keras.models.load_model(repository.folder / f"models/{NETWORK}/model.keras")
    images = np.load(repository.folder / "data/prepared/test-images.npy")
    labels = np.load(repository.folder / "data/prepared/test-label.npy")
    details = json.loads(repository.read(f"details/{NETWORK}.json"))
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), "reflect")
    moved = [images, padded[:, 2:, 2:], padded[:, :32, :32]]
    views = np.array([np.asarray(model(view)) for image in moved for view in (image, np.flip(image, axis=2))])
    for key, count in (("test_error_percent_with_mirror_images", 2), ("test_error_percent_with_six_views", 6)):
        assert details[key] == 100 * (views[:count].mean(axis=0).argmax(axis=1) != labels).mean()
    kept = np.load(repository.folder / f"predictions/{NETWORK}.npy")
    np.testing.assert_allclose(kept, views[0], atol=2e-3)


def test_masks_are_kept_of_the_first_image_of_each_class(repository):
    labels = np.load(repository.folder / "data/prepared/test-label.npy")
    masks = dict(np.load(repository.folder / f"masks/{NETWORK}.npz"))
    assert [labels.tolist().index(label) for label in range(10)] == masks.pop("numbers").tolist()
    images = np.load(repository.folder / "data/prepared/test-images.npy")
    numbers = [labels.tolist().index(label) for label in range(10)]
    np.testing.assert_array_equal(masks.pop("pixels"), images[numbers])
    assert list(masks) == ["stage1_module1", "stage2_module1"]
    for mask in masks.values():
        assert mask.dtype == np.uint8
        assert len(mask) == 10
        assert len(np.unique(mask)) > 50


def test_a_trained_model_is_checked_against_its_record_without_training(repository):
    path = repository.folder / f"predictions/{NETWORK}.npy"
    recorded = path.read_bytes()
    output = repository.run("python", "-m", "pipeline.check", ".")
    error = json.loads(repository.read(f"metrics/{NETWORK}.json"))["test_error_percent"]
    assert f"test error {error:.2f} %, recorded {error:.2f} %\n" in output
    assert output.endswith(f"all {TEST_IMAGES} predictions are the recorded ones, to the bit\n")
    path.unlink()  # the cache's, which nobody may write to
    np.save(path, 1 - np.load(io.BytesIO(recorded)))
    output = repository.run("sh", "-c", "python -m pipeline.check .; echo status $?")
    assert f"{TEST_IMAGES} of {TEST_IMAGES} predictions differ, by up to " in output
    assert output.endswith("status 1\n")
    path.write_bytes(recorded)


def test_a_trained_model_tells_the_classes_of_files_and_draws_its_masks(repository, tmp_path):
    images = np.load(repository.folder / "data/prepared/test-images.npy")[:3]
    recorded = pd.read_csv(repository.folder / f"predictions/{NETWORK}.csv")
    folder = tmp_path / "images"
    folder.mkdir()
    Image.fromarray(images[0]).save(folder / "one.png")
    np.save(folder / "two.npy", images[1:])
    (folder / "note.txt").write_text("none")
    (tmp_path / "empty").mkdir()
    command = f"python -m pipeline.predict . {folder} {tmp_path}/empty --top 1 --masks {tmp_path}/masks; echo status $?"
    output = repository.run("sh", "-c", command)
    assert output.endswith("status 1\n")
    names = ["one.png", "two.npy 0", "two.npy 1"]
    for name, (_, row) in zip(names, recorded.iterrows(), strict=False):
        assert f"{folder}/{name}: {row['predicted']} {100 * row['probability']:.1f} %\n" in output
    assert f"error: {folder}/note.txt requires an image. Received: cannot identify image file" in output
    assert f"error: {tmp_path}/empty requires files. Received: an empty folder\n" in output
    pictures = sorted((tmp_path / "masks").iterdir())
    assert [picture.name for picture in pictures] == ["0000-one.png", "0001-two.png", "0002-two.png"]
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_the_report_shows_the_errors_and_its_pictures(repository):
    report = repository.read("reports/report.md").decode()
    error = json.loads(repository.read(f"metrics/{NETWORK}.json"))["test_error_percent"]
    assert f"| {error:.2f} |" in report
    for picture in ("learning-curves", f"confusion-{NETWORK}", "mean"):
        assert f"(figures/{picture}.png)" in report
        assert repository.read(f"reports/figures/{picture}.png").startswith(b"\x89PNG")


def test_the_page_is_one_file_that_says_in_words_what_its_pictures_show(repository):
    text = repository.read("reports/report.html").decode()
    page = Page(text)
    error = json.loads(repository.read(f"metrics/{NETWORK}.json"))["test_error_percent"]
    assert f"<strong>{error:.2f} %</strong>" in text
    addresses = [
        value for _, given in page.tags for name, value in given.items() if name in ("src", "href", "xlink:href")
    ]
    assert not [address for address in addresses if not address.startswith(("#", "data:image/png;base64,"))]
    assert not page.list("script")
    assert page.list("html") == [{"lang": "en"}]
    assert [tag for tag, _ in page.tags if tag in ("h1", "h2")][:2] == ["h1", "h2"]
    pictures = page.list("svg")
    assert len({picture["aria-label"] for picture in pictures}) == len(pictures) == 7
    assert {picture["role"] for picture in pictures} == {"img"}
    identities = [given["id"] for _, given in page.tags if "id" in given]
    assert len(set(identities)) == len(identities)


def test_nothing_in_the_outputs_tells_the_folder(repository, project):
    """Of this clone, or of the project's, in whose clones the stages ran that come from its cache."""
    for name in ("dvc.lock", "reports/report.md", f"details/{NETWORK}.json", f"metrics/{NETWORK}.json"):
        for folder in (repository.folder, project.folder):
            assert str(folder).encode() not in repository.read(name)


def test_nal_as_an_experiment_is_another_training_only_and_compares_by_dvc_metrics_diff(repository):
    output = repository.run("dvc", "exp", "run", "--name", "my-nal", "--set-param", "model.learning=nal")
    assert CACHED.findall(output) == [f"train@{NETWORK}", f"evaluate@{NETWORK}"]
    assert RUN.findall(output) == ["report"]
    table = repository.run("dvc", "metrics", "diff", "HEAD", "my-nal", "--all", "--md")
    assert [line.split("|")[2].strip() for line in table.splitlines()[2:] if "|" in line] == [
        "test_error_percent",
        "train_error_percent",
        "validation_error_percent",
    ]
    repository.run("git", "checkout", "--quiet", "--", ".")
    repository.run("dvc", "checkout", "--quiet")


def test_a_training_that_is_killed_goes_on_and_ends_with_the_same_bytes(repository):
    expected = [repository.read(name) for name in (f"models/{NETWORK}/model.keras", f"history/{NETWORK}.csv")]
    process = repository.start("python", "-m", "pipeline.stages.train", NETWORK)
    while not list(repository.folder.glob("checkpoints/*/step-*.checkpoint")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    going_on = repository.run("dvc", "repro", "--single-item", "--force", f"train@{NETWORK}")
    assert f"Running stage 'train@{NETWORK}'" in going_on
    assert "going on after epoch" in going_on
    assert "starting over" not in going_on
    received = [repository.read(name) for name in (f"models/{NETWORK}/model.keras", f"history/{NETWORK}.csv")]
    assert received == expected
    assert not list(repository.folder.glob("checkpoints/*"))


@pytest.mark.slow
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
