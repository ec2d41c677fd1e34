import json
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from pipeline.settings.params import load_params
from pipeline.stages.preprocess import preprocess
from tests.refusals import refusal

PREPARED = Path("data/prepared")


@pytest.fixture
def prepare(download_files, make_files):
    """Run both stages on a tiny archive with 20 images a file, and give its files."""

    def run(layout="cifar10", classes=10, **options):
        files = make_files(layout, images=20, classes=classes)
        download_files(files, layout, **options)
        preprocess(load_params())
        return files

    return run


def load(split, name):
    return np.load(PREPARED / f"{split}-{name}.npy")


def decode(content, label_bytes=1):
    rows = np.frombuffer(content, np.uint8).reshape(-1, label_bytes + 3072)
    images = np.stack([np.stack(row[label_bytes:].reshape(3, 32, 32), axis=-1) for row in rows])
    return images, rows[:, :label_bytes]


def test_validation_images_are_disjoint_from_training_images(prepare):
    prepare()
    train, validation = load("train", "index"), load("validation", "index")
    assert sorted([*train, *validation]) == list(range(100))
    assert (np.diff(train) > 0).all()
    assert np.bincount(load("validation", "label")).tolist() == [2] * 10


def test_arrays_hold_the_images_of_the_files(prepare):
    files = prepare()
    training = b"".join(files[f"data_batch_{number}.bin"] for number in range(1, 6))
    for split, content in [("train", training), ("validation", training), ("test", files["test_batch.bin"])]:
        images, labels = decode(content)
        index = load(split, "index")
        np.testing.assert_array_equal(load(split, "images"), images[index])
        np.testing.assert_array_equal(load(split, "label"), labels[index, 0])
        assert load(split, "images").dtype == np.uint8
        assert load(split, "label").dtype == index.dtype == np.int64
    assert load("test", "index").tolist() == list(range(20))
    assert not list(PREPARED.glob("*coarse*"))


def test_the_mean_image_is_that_of_the_training_split_only(prepare):
    prepare()
    expected = load("train", "images").mean(axis=0, dtype=np.float64).astype(np.float32)
    np.testing.assert_array_equal(np.load(PREPARED / "mean.npy"), expected)
    picture = matplotlib.image.imread(PREPARED / "mean.png")[..., :3] * 255
    np.testing.assert_allclose(picture, expected, atol=0.51)


def test_statistics_count_images_and_classes(prepare):
    prepare()
    statistics = json.loads((PREPARED / "statistics.json").read_text())
    manifest = json.loads(Path("data/raw/custom/manifest.json").read_text())
    assert {name: statistics[name] for name in ("dataset", "sha256", "classes")} == {
        name: manifest[name] for name in ("dataset", "sha256", "classes")
    }
    assert statistics["images"] == {"train": 80, "validation": 20, "test": 20}
    assert statistics["images_per_class"] == {"train": [8] * 10, "validation": [2] * 10, "test": [2] * 10}
    training = np.concatenate([load("train", "images"), load("validation", "images")])
    for key, images in [("training_files_channel_means", training), ("train_channel_means", load("train", "images"))]:
        np.testing.assert_allclose(statistics[key], images.mean(axis=(0, 1, 2)), atol=1e-4)


def test_cifar100_has_coarse_labels(prepare):
    files = prepare("cifar100", classes=10, validation_images=5)
    _, labels = decode(files["train.bin"], label_bytes=2)
    for split in ("train", "validation"):
        index = load(split, "index")
        np.testing.assert_array_equal(load(split, "coarse_label"), labels[index, 0])
        np.testing.assert_array_equal(load(split, "label"), labels[index, 1])
    assert load("test", "coarse_label").dtype == np.int64
    assert len(load("validation", "index")) == 5


def test_all_images_can_be_training_images(prepare):
    prepare(validation_images=0)
    assert load("train", "index").tolist() == list(range(100))
    assert load("validation", "images").shape == (0, 32, 32, 3)
    assert json.loads((PREPARED / "statistics.json").read_text())["images"]["validation"] == 0


def test_the_seed_decides_and_equal_seeds_give_equal_bytes(prepare):
    runs = []
    for seed in (1, 1, 2):
        prepare(seed=seed)
        runs.append({path.name: path.read_bytes() for path in PREPARED.iterdir()})
    assert runs[0] == runs[1]
    assert runs[0]["validation-index.npy"] != runs[2]["validation-index.npy"]
    assert runs[0]["test-images.npy"] == runs[2]["test-images.npy"]


def test_label_noise_is_in_the_training_labels_only(prepare):
    prepare("cifar100", validation_images=5)
    clean = {path.name: path.read_bytes() for path in PREPARED.iterdir()}
    labels = load("train", "label")
    prepare("cifar100", validation_images=5, label_noise=0.5)
    noisy = {path.name: path.read_bytes() for path in PREPARED.iterdir()}
    assert noisy.keys() - clean.keys() == {"train-clean_label.npy"}
    differing = {name for name in clean if noisy[name] != clean[name]}
    assert differing == {"train-label.npy", "statistics.json"}
    assert noisy["train-clean_label.npy"] == clean["train-label.npy"]
    wrong = load("train", "label") != labels
    assert 0.3 < wrong.mean() < 0.7
    before, after = (json.loads(content["statistics.json"]) for content in (clean, noisy))
    assert after == before | {"wrong_train_labels": wrong.sum()}


def test_an_image_has_the_same_wrong_label_however_many_are_held_out(prepare):
    found = []
    for validation_images in (0, 20):
        prepare(validation_images=validation_images, label_noise=0.5)
        found.append(dict(zip(load("train", "index").tolist(), load("train", "label").tolist(), strict=True)))
    everything, fewer = found
    assert {index: everything[index] for index in fewer} == fewer


def test_a_class_without_test_images_is_refused_by_name(make_files, download_files):
    files = make_files(classes=10)
    rows = np.frombuffer(files["test_batch.bin"], np.uint8).reshape(-1, 3073).copy()
    rows[rows[:, 0] == 3, 0] = 4
    files["test_batch.bin"] = rows.tobytes()
    download_files(files, validation_images=0)
    message = refusal(preprocess, load_params())
    assert message == "the data set requires test images of every class. Received: none of class_3"
    assert not PREPARED.exists()
