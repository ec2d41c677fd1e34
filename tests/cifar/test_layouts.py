import numpy as np
import pytest

from pipeline.cifar.layouts import LAYOUTS, decode_records, encode_records
from pipeline.errors import InputError


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


@pytest.mark.parametrize(("name", "file"), [("cifar10", "data_batch_1.bin"), ("cifar100", "train.bin")])
def test_records_decode_like_a_plain_loop(name, file, make_files):
    layout, content = LAYOUTS[name], make_files(name, images=3)[file]
    records = decode_records(content, layout, 10, file)
    images, labels = decode_by_loop(content, layout.label_bytes)
    np.testing.assert_array_equal(records.images, images)
    np.testing.assert_array_equal(records.labels, labels[:, -1])
    assert records.images.dtype == np.uint8
    assert records.labels.dtype == np.int64


def test_only_cifar100_has_coarse_labels():
    content = bytes([19, 99]) + bytes(3072)
    records = decode_records(content, LAYOUTS["cifar100"], 100, "train.bin")
    assert records.labels.tolist() == [99]
    assert records.coarse_labels.tolist() == [19]
    assert decode_records(content[1:], LAYOUTS["cifar10"], 100, "test_batch.bin").coarse_labels is None


def test_encoded_records_decode_to_the_same(make_files):
    content = make_files()["test_batch.bin"]
    images, labels, _ = decode_records(content, LAYOUTS["cifar10"], 10, "test_batch.bin")
    assert encode_records(images, labels) == content


def test_the_published_files_of_both_layouts():
    assert LAYOUTS["cifar10"].record_bytes == 3073
    assert LAYOUTS["cifar100"].record_bytes == 3074
    assert LAYOUTS["cifar10"].data_files == (
        "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin",
        "test_batch.bin",
    )  # fmt: skip
    assert LAYOUTS["cifar100"].data_files == ("train.bin", "test.bin")


@pytest.mark.parametrize("length", [0, 1, 3072, 3074, 2 * 3073 - 1])
def test_a_part_of_a_record_is_refused(length):
    with pytest.raises(InputError) as error:
        decode_records(bytes(length), LAYOUTS["cifar10"], 10, "test_batch.bin")
    assert str(error.value) == f"test_batch.bin requires one or more records of 3073 bytes. Received: {length} bytes"


def test_a_label_without_a_class_is_refused():
    good, bad = bytes(3073), bytes([10]) + bytes(3072)
    with pytest.raises(InputError) as error:
        decode_records(good + bad, LAYOUTS["cifar10"], 10, "test_batch.bin")
    assert str(error.value) == "test_batch.bin requires labels from 0 to 9. Received: 10 in record 1"
