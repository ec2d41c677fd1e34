"""Records are decoded as they were encoded, or refused."""

import hashlib
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cifar.layouts import FILE_LAYOUTS, read_images, read_labels
from pipeline.stages.preprocess import check_classes, load_labels
from tests.refusals import accept_or_refuse

layouts = st.sampled_from(sorted(FILE_LAYOUTS.values(), key=lambda layout: layout.folder))
lengths = st.builds(
    lambda records, size, off: max(0, records * size + off),
    st.integers(0, 4),
    st.sampled_from([3073, 3074]),
    st.integers(-2, 2),
)


def draw_bytes(length, seed):
    return np.random.default_rng(seed).bytes(length)


def draw_records(layout, length, seed):
    """As `draw_bytes`, with labels of three classes."""
    content = bytearray(draw_bytes(length, seed))
    for place in range(layout.label_bytes - 1, length, layout.record_bytes):
        content[place] %= 3
    return bytes(content)


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
