"""Write TFRecord shards of `tf.train.Example` without TensorFlow, a whole shard at a time.

Features of an example, all int64 but the first:

- ``image``: bytes, 3072 uint8 values of a (32, 32, 3) image: rows, columns, then red, green, blue;
- ``label``: the class, from 0;
- ``clean_label``: the class before label noise, in a training split that has some;
- ``coarse_label``: CIFAR-100's superclass, where the data set has one;
- ``index``: the image's position in the data set's training or test files.

Sources: "TFRecord and tf.train.Example" in TensorFlow's guide (framing and checksums), example.proto and feature.proto
(messages), and "Encoding" in Protocol Buffers' documentation (wire format).
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import google_crc32c
import numpy as np

LENGTH_DELIMITED = 2
CRC_MASK_DELTA = 0xA282EAD8
EXAMPLES_AT_ONCE = 250  # they fit the cache of a CPU
Part = bytes | np.ndarray  # of a message: the same in all rows of a run, or uint8 (rows, bytes)


def write_shard(path: Path, images: np.ndarray, integers: dict[str, np.ndarray]) -> None:
    """Write one shard; equal arguments give equal bytes.

    Args:
        path: the file to write.
        images: uint8 (n, 32, 32, 3).
        integers: the int64 features, each (n,), 0 or more.
    """
    with path.open("wb") as file:
        for examples in encode_examples(images, integers):
            length = examples.shape[1].to_bytes(8, "little")
            header = length + masked_crc(length).to_bytes(4, "little")
            checksums = np.array([masked_crc(example.tobytes()) for example in examples], "<u4")
            file.write(_join([header, examples, checksums.view(np.uint8).reshape(-1, 4)]).data)


def masked_crc(content: bytes) -> int:
    """The checksum of the TFRecord format: CRC-32C, rotated by 15 bits and offset, so that it can be nested."""
    crc = google_crc32c.value(content)
    return (((crc >> 15) | (crc << 17)) + CRC_MASK_DELTA) & 0xFFFFFFFF


def encode_examples(images: np.ndarray, integers: dict[str, np.ndarray]) -> Iterator[np.ndarray]:
    """Serialize examples, vectorized over runs of examples whose messages have the same length.

    Yields:
        uint8 (examples of the run, at most `EXAMPLES_AT_ONCE`; bytes of each), in the order of the arguments.
    """
    widths = np.stack([varint_widths(values) for values in integers.values()], axis=1)
    changes = 1 + np.flatnonzero((widths[1:] != widths[:-1]).any(axis=1))
    starts = sorted({*range(0, len(images), EXAMPLES_AT_ONCE), *changes.tolist()})
    for start, stop in pairwise([*starts, len(images)]):
        run = {
            name: encode_varints(values[start:stop], int(width))
            for (name, values), width in zip(integers.items(), widths[start], strict=True)
        }
        yield _join(_encode_run(images[start:stop].reshape(stop - start, -1), run))


def _encode_run(pixels: np.ndarray, varints: dict[str, np.ndarray]) -> list[Part]:
    bytes_list, int64_list = 1, 3
    features = _entry("image", bytes_list, pixels)
    for name, values in sorted(varints.items()):
        features += _entry(name, int64_list, values)
    return _field(1, features)  # Example.features


def _entry(name: str, kind: int, values: np.ndarray) -> list[Part]:
    """One entry of the map Features.feature: the name, and a Feature whose list of `kind` holds `values`."""
    feature = _field(kind, _field(1, [values]))
    return _field(1, _field(1, [name.encode()]) + _field(2, feature))


def _field(number: int, content: list[Part]) -> list[Part]:
    """A length-delimited field: tag, length, content."""
    size = np.array([sum(part.shape[1] if isinstance(part, np.ndarray) else len(part) for part in content)])
    length = encode_varints(size, int(varint_widths(size)[0])).tobytes()
    return [bytes([number << 3 | LENGTH_DELIMITED]) + length, *content]


def _join(parts: list[Part]) -> np.ndarray:
    """Put parts side by side in each row."""
    rows = max(len(part) for part in parts if isinstance(part, np.ndarray))
    columns = [part if isinstance(part, np.ndarray) else np.frombuffer(part, np.uint8) for part in parts]
    return np.concatenate([np.broadcast_to(column, (rows, column.shape[-1])) for column in columns], axis=1)


def varint_widths(values: np.ndarray) -> np.ndarray:
    """How many bytes each value takes as a varint: int64 (n,), from 0 to 2 ** 63 - 1, to int64 (n,), 1 to 9."""
    return 1 + (values[:, None] >= 1 << (7 * np.arange(1, 9))).sum(axis=1)


def encode_varints(values: np.ndarray, width: int) -> np.ndarray:
    """Encode values that all take `width` bytes: uint8 (n, width), seven bits a byte, least significant first."""
    digits = values[:, None] >> (7 * np.arange(width)) & 0x7F
    more = np.where(np.arange(width) < width - 1, 0x80, 0)
    return (digits | more).astype(np.uint8)
