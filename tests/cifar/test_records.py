import numpy as np
import pytest
import tensorflow as tf

from pipeline.cifar import records
from pipeline.cifar.records import encode_examples, write_shard

BOUNDARIES = [0, 1, 127, 128, 16383, 16384, 2**21 - 1, 2**21, 2**31, 2**56 - 1, 2**56, 2**63 - 1]


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (len(BOUNDARIES), 32, 32, 3), np.uint8)


@pytest.fixture
def integers():
    """Features that change their widths at different examples."""
    values = np.array(BOUNDARIES)
    return {"label": values, "coarse_label": values[::-1].copy(), "index": np.roll(values, 5)}


def test_an_example_is_as_long_as_tensorflows(images, integers):
    """Equal but for the order of the features, which has no meaning."""
    encoded = [example.tobytes() for run in encode_examples(images, integers) for example in run]
    for number, example in enumerate(encoded):
        features = {"image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[images[number].tobytes()]))}
        for name, values in integers.items():
            features[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=[values[number]]))
        expected = tf.train.Example(features=tf.train.Features(feature=features))
        assert tf.train.Example.FromString(example) == expected
        assert len(example) == expected.ByteSize()


def test_a_shard_equals_the_one_that_tensorflow_writes(tmp_path, images, integers):
    """Of the same messages: the framing and the checksums are equal to the byte."""
    write_shard(tmp_path / "ours", images, integers)
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as writer:
        for run in encode_examples(images, integers):
            for example in run:
                writer.write(example.tobytes())
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_equal_arguments_give_equal_bytes(tmp_path, images, integers):
    write_shard(tmp_path / "one", images, integers)
    write_shard(tmp_path / "other", images, dict(reversed(integers.items())))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_runs_are_split_where_a_width_changes(images):
    runs = list(encode_examples(images[:4], {"index": np.array([126, 127, 128, 129])}))
    assert [len(run) for run in runs] == [2, 2]
    assert runs[1].shape[1] == runs[0].shape[1] + 1


def test_runs_are_split_where_they_would_be_large(images, monkeypatch):
    monkeypatch.setattr(records, "EXAMPLES_AT_ONCE", 5)
    runs = list(encode_examples(images[:12], {"index": np.arange(12)}))
    assert [len(run) for run in runs] == [5, 5, 2]
