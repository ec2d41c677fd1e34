"""The two binary layouts of CIFAR: which files there are, and what a record holds.

A record is one label byte (CIFAR-100: the coarse, then the fine label), then 3072 pixel bytes: the red, green and
blue planes of 32 rows of 32 pixels. Source: the "binary version" section of www.cs.toronto.edu/~kriz/cifar.html.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import InputError
from pipeline.settings.sections import FileLayoutName

PIXEL_BYTES = 3 * 32 * 32
RECORDS_AT_ONCE = 250  # they fit the cache of a CPU


@dataclass(frozen=True)
class FileLayout:
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


FILE_LAYOUTS: dict[FileLayoutName, FileLayout] = {
    "cifar10": FileLayout(
        folder="cifar-10-batches-bin",
        train_files=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
        test_files=("test_batch.bin",),
        names_file="batches.meta.txt",
        ignored_files=("readme.html",),
        label_bytes=1,
    ),
    "cifar100": FileLayout(
        folder="cifar-100-binary",
        train_files=("train.bin",),
        test_files=("test.bin",),
        names_file="fine_label_names.txt",
        ignored_files=("coarse_label_names.txt",),
        label_bytes=2,
    ),
}


def read_labels(path: Path, layout: FileLayout, classes: int) -> np.ndarray:
    """The labels of a file of records, int64 (n, layout.label_bytes): the class is the last of a row.

    Args:
        path: the file.
        layout: which layout it is in.
        classes: labels must be below this.

    Raises:
        InputError: the length is not a whole number of records, or a label is out of range.
    """
    parts = [rows[:, : layout.label_bytes].astype(np.int64) for rows in _read_records(path, layout)]
    labels = np.concatenate(parts)
    if labels[:, -1].max() >= classes:
        record = int(labels[:, -1].argmax())
        raise InputError(
            f"{path.name} requires labels from 0 to {classes - 1}. Received: {labels[record, -1]} in record {record}"
        )
    return labels


def read_images(path: Path, layout: FileLayout) -> Iterator[np.ndarray]:
    """Yield the images of a file of records, a few at a time: uint8 (1 to `RECORDS_AT_ONCE`, 32, 32, 3).

    Raises:
        InputError: the length is not a whole number of records.
    """
    for rows in _read_records(path, layout):
        planes = rows[:, layout.label_bytes :].reshape(-1, 3, 32, 32)
        images = np.empty((len(rows), 32, 32, 3), np.uint8)
        for channel in range(3):  # three times as fast as copying a transposed array
            images[..., channel] = planes[:, channel]
        yield images


def _read_records(path: Path, layout: FileLayout) -> Iterator[np.ndarray]:
    """Rows of `layout.record_bytes` bytes; memory does not grow with the file."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        if not size or size % layout.record_bytes:
            raise InputError(
                f"{path.name} requires one or more records of {layout.record_bytes} bytes. Received: {size} bytes"
            )
        file.seek(0)
        while content := file.read(RECORDS_AT_ONCE * layout.record_bytes):
            yield np.frombuffer(content, np.uint8).reshape(-1, layout.record_bytes)


def encode_records(images: np.ndarray, labels: np.ndarray) -> bytes:
    """Encode images, uint8 (n, 32, 32, 3), and labels, 0 to 255, as records of the CIFAR-10 layout."""
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), PIXEL_BYTES)
    return np.concatenate([labels.astype(np.uint8)[:, None], planes], axis=1).tobytes()
