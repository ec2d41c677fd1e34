"""The two binary layouts of CIFAR: which files there are, and what a record holds.

A record is one label byte (CIFAR-100: the coarse, then the fine label), then 3072 pixel bytes: the red, green and
blue planes of 32 rows of 32 pixels. Source: the "binary version" section of www.cs.toronto.edu/~kriz/cifar.html.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from pipeline.errors import InputError

LayoutName = Literal["cifar10", "cifar100"]
PIXEL_BYTES = 3 * 32 * 32


@dataclass(frozen=True)
class Layout:
    """File names are relative to `folder` inside the archive."""

    folder: str
    train_files: tuple[str, ...]
    test_files: tuple[str, ...]
    names_file: str  # one class name a line
    ignored_files: tuple[str, ...]
    label_bytes: int

    @property
    def data_files(self) -> tuple[str, ...]:
        """The files with records, training files first."""
        return self.train_files + self.test_files

    @property
    def record_bytes(self) -> int:
        """Length of one record."""
        return self.label_bytes + PIXEL_BYTES


LAYOUTS: dict[str, Layout] = {
    "cifar10": Layout(
        folder="cifar-10-batches-bin",
        train_files=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
        test_files=("test_batch.bin",),
        names_file="batches.meta.txt",
        ignored_files=("readme.html",),
        label_bytes=1,
    ),
    "cifar100": Layout(
        folder="cifar-100-binary",
        train_files=("train.bin",),
        test_files=("test.bin",),
        names_file="fine_label_names.txt",
        ignored_files=("coarse_label_names.txt",),
        label_bytes=2,
    ),
}


class Records(NamedTuple):
    """Decoded records: images uint8 (n, 32, 32, 3), labels int64 (n,); no coarse labels for CIFAR-10."""

    images: np.ndarray
    labels: np.ndarray
    coarse_labels: np.ndarray | None


def decode_records(content: bytes, layout: Layout, classes: int, name: str) -> Records:
    """Decode the records of one file.

    Args:
        content: the file's bytes.
        layout: which layout they are in.
        classes: labels must be below this.
        name: of the file, for error messages.

    Raises:
        InputError: the length is not a whole number of records, or a label is out of range.
    """
    if not content or len(content) % layout.record_bytes:
        raise InputError(
            f"{name} requires one or more records of {layout.record_bytes} bytes. Received: {len(content)} bytes"
        )
    rows = np.frombuffer(content, np.uint8).reshape(-1, layout.record_bytes)
    labels = rows[:, layout.label_bytes - 1].astype(np.int64)
    if labels.max() >= classes:
        record = int(labels.argmax())
        raise InputError(
            f"{name} requires labels from 0 to {classes - 1}. Received: {labels[record]} in record {record}"
        )
    images = np.ascontiguousarray(rows[:, layout.label_bytes :].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    return Records(images, labels, rows[:, 0].astype(np.int64) if layout.label_bytes == 2 else None)


def encode_records(images: np.ndarray, labels: np.ndarray) -> bytes:
    """Encode images, uint8 (n, 32, 32, 3), and labels, 0 to 255, as records of the CIFAR-10 layout."""
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), PIXEL_BYTES)
    return np.concatenate([labels.astype(np.uint8)[:, None], planes], axis=1).tobytes()
