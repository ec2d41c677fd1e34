import numpy as np
import pytest

from pipeline.cifar import layouts
from pipeline.cifar.layouts import FILE_LAYOUTS, encode_records, read_images, read_labels
from tests.refusals import refusal


@pytest.fixture
def decode(tmp_path):
    """Write content to a file and read it: images and labels."""

    def run(content, layout, classes=10, name="test_batch.bin"):
        (tmp_path / name).write_bytes(content)
        labels = read_labels(tmp_path / name, FILE_LAYOUTS[layout], classes)
        return np.concatenate(list(read_images(tmp_path / name, FILE_LAYOUTS[layout]))), labels

    return run


def decode_by_loop(content, label_bytes):
    """Record by record and pixel by pixel, as the CIFAR page describes the files."""
    images, labels = [], []
    size = label_bytes + 3072
    for start in range(0, len(content), size):
        record = content[start : start + size]
        labels.append(list(record[:label_bytes]))
        image = np.empty((32, 32, 3), np.uint8)
        for channel in range(3):
            for row in range(32):
                for column in range(32):
                    image[row, column, channel] = record[label_bytes + 1024 * channel + 32 * row + column]
        images.append(image)
    return np.stack(images), np.array(labels)


@pytest.mark.parametrize(
    ("name", "file", "label_bytes"), [("cifar10", "data_batch_1.bin", 1), ("cifar100", "train.bin", 2)]
)
def test_records_decode_like_a_plain_loop(name, file, label_bytes, make_files, decode):
    content = make_files(name, images=3)[file]
    images, labels = decode(content, name, name=file)
    expected_images, expected_labels = decode_by_loop(content, label_bytes)
    np.testing.assert_array_equal(images, expected_images)
    np.testing.assert_array_equal(labels, expected_labels)
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64


def test_a_file_comes_in_small_parts(make_files, tmp_path, monkeypatch):
    monkeypatch.setattr(layouts, "RECORDS_AT_ONCE", 3)
    content = make_files(images=8)["test_batch.bin"]
    (tmp_path / "file").write_bytes(content)
    parts = list(read_images(tmp_path / "file", FILE_LAYOUTS["cifar10"]))
    assert [len(part) for part in parts] == [3, 3, 2]
    labels = read_labels(tmp_path / "file", FILE_LAYOUTS["cifar10"], 10)
    assert encode_records(np.concatenate(parts), labels[:, -1]) == content


def test_the_published_files_of_both_layouts():
    assert FILE_LAYOUTS["cifar10"].record_bytes == 3073
    assert FILE_LAYOUTS["cifar100"].record_bytes == 3074
    assert FILE_LAYOUTS["cifar10"].data_files == (
        "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin",
        "test_batch.bin",
    )  # fmt: skip
    assert FILE_LAYOUTS["cifar100"].data_files == ("train.bin", "test.bin")


@pytest.mark.parametrize("read", [lambda *file: read_labels(*file, 10), lambda *file: list(read_images(*file))])
@pytest.mark.parametrize("length", [0, 1, 3072, 3074, 2 * 3073 - 1])
def test_a_part_of_a_record_is_refused(length, read, tmp_path):
    (tmp_path / "test_batch.bin").write_bytes(bytes(length))
    message = refusal(read, tmp_path / "test_batch.bin", FILE_LAYOUTS["cifar10"])
    assert message == f"test_batch.bin requires one or more records of 3073 bytes. Received: {length} bytes"


def test_a_label_without_a_class_is_refused(decode):
    good, bad = bytes(3073), bytes([10]) + bytes(3072)
    message = refusal(decode, good + bad, "cifar10")
    assert message == "test_batch.bin requires labels from 0 to 9. Received: 10 in record 1"
