import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pipeline.cifar.batches import load_split
from pipeline.settings.params import load_params
from pipeline.stages.preprocess import preprocess
from pipeline.stages.tfrecords import tfrecords

PREPARED, OUTPUT = Path("data/prepared"), Path("data/tfrecords")


@pytest.fixture
def write_records(download_files, make_files):
    """Run the three data stages on a tiny CIFAR-100 archive: 15 training, 5 validation, 20 test images."""

    def run(images_per_shard=6, validation_images=5, label_noise=0.0):
        download_files(
            make_files("cifar100", images=20, classes=5),
            "cifar100",
            validation_images=validation_images,
            label_noise=label_noise,
            tfrecords={"images_per_shard": images_per_shard},
        )
        preprocess(load_params())
        tfrecords(load_params())
        return json.loads((OUTPUT / "index.json").read_text())

    return run


def read_examples(split):
    files = sorted(str(path) for path in OUTPUT.glob(f"{split}-*"))
    for content in tf.data.TFRecordDataset(files).as_numpy_iterator():
        yield tf.train.Example.FromString(content).features.feature


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_shards_hold_the_prepared_arrays_in_order(split, write_records):
    write_records()
    arrays = {name: np.load(PREPARED / f"{split}-{name}.npy") for name in ("images", "label", "coarse_label", "index")}
    examples = list(read_examples(split))
    assert len(examples) == len(arrays["images"]) > 0
    for number, features in enumerate(examples):
        assert set(features) == {"image", "label", "coarse_label", "index"}
        assert features["image"].bytes_list.value == [arrays["images"][number].tobytes()]
        for name in ("label", "coarse_label", "index"):
            assert features[name].int64_list.value == [arrays[name][number]]


@pytest.mark.parametrize(("images_per_shard", "counts"), [(6, [6, 6, 3]), (5, [5, 5, 5]), (15, [15]), (1000, [15])])
def test_shards_are_full_but_the_last(images_per_shard, counts, write_records):
    shards = write_records(images_per_shard)["splits"]["train"]
    assert [shard["images"] for shard in shards] == counts
    assert [shard["file"] for shard in shards] == [
        f"train-{number:05d}-of-{len(counts):05d}.tfrecord" for number in range(len(counts))
    ]


def test_the_index_tells_bytes_and_digests_of_all_files(write_records):
    index = write_records()
    shards = [shard for split in index["splits"].values() for shard in split]
    assert {shard["file"] for shard in shards} | {"index.json"} == {path.name for path in OUTPUT.iterdir()}
    for shard in shards:
        content = (OUTPUT / shard["file"]).read_bytes()
        assert shard["bytes"] == len(content)
        assert shard["sha256"] == hashlib.sha256(content).hexdigest()
    statistics = json.loads((PREPARED / "statistics.json").read_text())
    assert all(index[name] == statistics[name] for name in ("dataset", "sha256", "classes"))


def test_a_split_without_images_has_no_shards(write_records):
    index = write_records(validation_images=0)
    assert index["splits"]["validation"] == []
    assert len(load_split(OUTPUT, "validation").images) == 0


def test_clean_labels_are_kept_beside_noisy_ones(write_records):
    write_records(label_noise=0.5)
    _, labels, clean_labels = load_split(OUTPUT, "train")
    np.testing.assert_array_equal(labels, np.load(PREPARED / "train-label.npy"))
    np.testing.assert_array_equal(clean_labels, np.load(PREPARED / "train-clean_label.npy"))
    assert (labels != clean_labels).any()
    assert all(load_split(OUTPUT, split).clean_labels is None for split in ("validation", "test"))
