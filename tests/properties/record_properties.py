"""Records are decoded as they were encoded, or refused; TFRecords are read back by a parser of their own."""

import hashlib
import struct
import tempfile
from pathlib import Path

import google_crc32c
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cifar.layouts import FILE_LAYOUTS, encode_records, read_images, read_labels
from pipeline.cifar.records import write_shard
from pipeline.stages.preprocess import check_classes, load_labels
from tests.properties.refusals import accept_or_refuse

layouts = st.sampled_from(sorted(FILE_LAYOUTS.values(), key=lambda layout: layout.folder))
lengths = st.builds(
    lambda records, size, off: max(0, records * size + off),
    st.integers(0, 4),
    st.sampled_from([3073, 3074]),
    st.integers(-2, 2),
)
varied = st.integers(0, 63).flatmap(lambda bits: st.integers(0, 2**bits - 1))  # of every width


def draw_bytes(length, seed):
    return np.random.default_rng(seed).bytes(length)


def draw_records(layout, length, seed):
    """As `draw_bytes`, with labels of three classes."""
    content = bytearray(draw_bytes(length, seed))
    for place in range(layout.label_bytes - 1, length, layout.record_bytes):
        content[place] %= 3
    return bytes(content)


def draw_images(count, seed):
    return np.frombuffer(draw_bytes(count * 3072, seed), np.uint8).reshape(count, 32, 32, 3)


def decode(content, layout, classes):
    """The images and labels of a file with this content."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "train.bin")
        path.write_bytes(content)
        labels = read_labels(path, layout, classes)
        return np.concatenate(list(read_images(path, layout))), labels


@given(layouts, lengths, st.integers(0, 9), st.integers(1, 256))
def test_any_content_is_decoded_or_refused(layout, length, seed, classes):
    content = draw_bytes(length, seed)
    labels = [
        content[place + layout.label_bytes - 1 : place + layout.label_bytes]
        for place in range(0, length, layout.record_bytes)
    ]
    good = length > 0 and length % layout.record_bytes == 0 and all(label < bytes([classes - 1, 0]) for label in labels)
    decoded, message = accept_or_refuse(decode, content, layout, classes)
    assert good == (not message)
    if good:
        images, decoded_labels = decoded
        assert images.shape == (len(labels), 32, 32, 3)
        assert decoded_labels[:, -1].tolist() == [label[0] for label in labels]
        first = content[layout.label_bytes : layout.record_bytes]
        assert images[0].transpose(2, 0, 1).tobytes() == first


@given(st.lists(st.integers(0, 255), min_size=1, max_size=4), st.integers(0, 9))
def test_what_is_encoded_is_decoded(labels, seed):
    images = draw_images(len(labels), seed)
    decoded, decoded_labels = decode(encode_records(images, np.array(labels)), FILE_LAYOUTS["cifar10"], 256)
    np.testing.assert_array_equal(decoded, images)
    assert decoded_labels.tolist() == [[label] for label in labels]


@given(layouts, st.lists(lengths, min_size=1, max_size=3), st.integers(1, 4), st.booleans())
def test_raw_files_are_read_or_refused(layout, sizes, classes, changed):
    name = next(name for name, known in FILE_LAYOUTS.items() if known is layout)
    contents = {file: draw_records(layout, size, size) for file, size in zip(layout.data_files, sizes, strict=False)}
    files = {file: {"sha256": hashlib.sha256(content).hexdigest()} for file, content in contents.items()}
    with tempfile.TemporaryDirectory() as folder:
        for file, content in contents.items():
            Path(folder, file).write_bytes(content + b"x" * changed)
        manifest = {"layout": name, "classes": [f"class {number}" for number in range(classes)], "files": files}
        labels, message = accept_or_refuse(load_labels, Path(folder), tuple(contents), manifest)
    if not message:
        assert not changed
        assert labels.shape == (sum(map(len, contents.values())) // layout.record_bytes, layout.label_bytes)
        assert max(labels[:, -1]) < classes
        _, message = accept_or_refuse(check_classes, labels[:, -1], manifest["classes"], "training")
        assert bool(message) == (len(set(labels[:, -1].tolist())) < classes)


def parse_varint(content, place):
    value = shift = 0
    while True:
        byte = content[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def parse_fields(content):
    """The fields of a message, which are all length-delimited, in order."""
    place, fields = 0, []
    while place < len(content):
        tag, place = parse_varint(content, place)
        assert tag & 7 == 2
        length, place = parse_varint(content, place)
        assert place + length <= len(content)
        fields.append((tag >> 3, content[place : place + length]))
        place += length
    return fields


def parse_example(content):
    """An Example as {name: (kind of list, its bytes)}."""
    ((number, features),) = parse_fields(content)
    assert number == 1
    entries = {}
    for _, entry in parse_fields(features):
        (_, name), (_, feature) = parse_fields(entry)
        ((kind, values),) = parse_fields(feature)
        ((_, value),) = parse_fields(values)
        entries[name.decode()] = kind, value
    return entries


def masked(content):
    crc = google_crc32c.value(content)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32


def parse_shard(content):
    place = 0
    while place < len(content):
        length, crc = struct.unpack_from("<QI", content, place)
        assert crc == masked(content[place : place + 8])
        example = content[place + 12 : place + 12 + length]
        assert struct.unpack_from("<I", content, place + 12 + length) == (masked(example),)
        place += 16 + length
        yield parse_example(example)


@given(st.lists(st.tuples(varied, varied, varied), max_size=6), st.integers(0, 9), st.booleans())
def test_a_shard_is_read_back_by_another_parser(rows, seed, coarse):
    images = draw_images(len(rows), seed)
    names = ("label", "index", "coarse_label")[: 3 if coarse else 2]
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    with tempfile.TemporaryDirectory() as folder:
        write_shard(Path(folder, "shard"), images, dict(zip(names, columns, strict=False)))
        examples = list(parse_shard(Path(folder, "shard").read_bytes()))
    assert len(examples) == len(rows)
    for image, row, example in zip(images, rows, examples, strict=True):
        assert set(example) == {"image", *names}
        assert example["image"] == (1, image.tobytes())
        for name, value in zip(names, row, strict=False):
            kind, encoded = example[name]
            assert kind == 3
            assert parse_varint(encoded, 0) == (value, len(encoded))
