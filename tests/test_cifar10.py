"""The real CIFAR-10, where the environment says that it lies at hand."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from pipeline.cifar.batches import load_split
from tests.tiny_repository import NETWORK, ROOT

MODELS = sorted(path.relative_to(ROOT) for path in ROOT.glob("results/cifar10-*/models/*/model.keras"))

pytestmark = pytest.mark.skipif("CIFAR_MIRROR" not in os.environ, reason="CIFAR_MIRROR names no copy of CIFAR-10")


def run_module(folder, module, *arguments):
    subprocess.run(
        [sys.executable, "-m", f"pipeline.{module}", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A folder in which the data stages have run on all 60,000 images."""
    folder = tmp_path_factory.mktemp("cifar10")
    yaml = YAML()
    params = yaml.load(ROOT / "recipes/cifar10-cpu.yaml")
    params["networks"] = [NETWORK]
    params["model"]["width"] = 0.125
    params["train"]["epochs"] = 1
    params["train"]["learning_rate"].update(peak=0.1, warmup_epochs=0.2)
    yaml.dump(params, folder / "params.yaml")
    (folder / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    for stage in ("download", "preprocess", "tfrecords"):
        run_module(folder, f"stages.{stage}")
    return folder


def test_splits_are_whole_balanced_and_disjoint(workspace):
    statistics = json.loads((workspace / "data/prepared/statistics.json").read_text())
    assert statistics["images"] == {"train": 45_000, "validation": 5_000, "test": 10_000}
    assert statistics["images_per_class"] == {
        "train": [4_500] * 10,
        "validation": [500] * 10,
        "test": [1_000] * 10,
    }
    indices = [np.load(workspace / f"data/prepared/{split}-index.npy") for split in ("train", "validation")]
    np.testing.assert_array_equal(np.sort(np.concatenate(indices)), np.arange(50_000))


def test_no_image_is_there_twice_in_any_split_or_in_two(workspace):
    statistics = json.loads((workspace / "data/prepared/statistics.json").read_text())
    assert len(statistics["duplicates"]) == 6
    assert not any(statistics["duplicates"].values())
    pixels = {
        image.tobytes()
        for split in ("train", "validation", "test")
        for image in np.load(workspace / f"data/prepared/{split}-images.npy", mmap_mode="r")
    }
    assert len(pixels) == 60_000


def test_channel_means_of_the_training_images_are_the_published_ones(workspace):
    statistics = json.loads((workspace / "data/prepared/statistics.json").read_text())
    np.testing.assert_allclose(statistics["training_files_channel_means"], [125.3, 123.0, 113.9], atol=0.05)


def test_class_means_of_the_records_tell_other_records_classes_better_than_chance(workspace):
    train, validation = (load_split(workspace / "data/tfrecords", name) for name in ("train", "validation"))
    pixels = [split.images.reshape(len(split.images), -1).astype(np.float32) for split in (train, validation)]
    means = np.array([pixels[0][train.labels == label].mean(axis=0) for label in range(10)])
    # The nearest mean: |x - m|² without |x|², which is the same for all.
    nearest = ((means**2).sum(axis=1) - 2 * pixels[1] @ means.T).argmin(axis=1)
    assert (nearest != validation.labels).mean() < 0.8  # chance: 0.9


@pytest.mark.slow
def test_a_short_training_beats_chance_clearly(workspace):
    run_module(workspace, "stages.train", NETWORK)
    history = pd.read_csv(workspace / f"history/{NETWORK}.csv")
    assert history["validation_error_percent"].item() < 65  # chance: 90


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_a_published_model_predicts_what_is_published(workspace, model):
    _, run, _, network, _ = model.parts
    run_module(workspace, "check", str(ROOT / "results" / run), "--network", network)
