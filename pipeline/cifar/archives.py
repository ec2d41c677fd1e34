"""Read a data set's archive without trusting it: nothing in it is extracted by name, executed or unpickled.

The archive is decompressed into a capped temporary file, which is then read as a plain tar. Only regular files with
the layout's exact names are read, as streams, up to the size that the layout allows.
"""

import gzip
import hashlib
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.cifar.datasets import ArchiveDataset
from pipeline.cifar.layouts import LAYOUTS
from pipeline.digests import hash_file
from pipeline.errors import InputError

CHUNK_BYTES = 1 << 20
MAX_TAR_BYTES = 1 << 30  # CIFAR's own are below 185 MB
MAX_TEXT_BYTES = 1 << 20


def read_members(archive: Path, dataset: ArchiveDataset) -> Iterator[tuple[str, bytes]]:
    """Yield each needed member of a data set's archive, as its name without the folder and its content.

    These are the data files, and the file of class names where there is one.

    Raises:
        InputError: the archive cannot be read, or has other members, sizes or digests than the data set.
    """
    layout = LAYOUTS[dataset.layout]
    trusted = hash_file(archive) == dataset.archive_sha256
    if not trusted and set(dataset.file_sha256) != set(layout.data_files):
        raise InputError(
            f"{dataset.name} requires an archive with sha256 {dataset.archive_sha256}. "
            f"Received: {archive.name} with sha256 {hash_file(archive)}"
        )
    seen: set[str] = set()
    with tempfile.TemporaryFile() as tar_file:
        _decompress(archive, tar_file)
        for name, content in _read_regular_files(tar_file, archive.name, dataset):
            if name in layout.data_files and not trusted:
                _check_digest(name, content, dataset)
            if name in seen:
                raise InputError(f"{archive.name} requires one {name}. Received: two")
            seen.add(name)
            yield name, content
    if missing := set(layout.data_files) - seen:
        raise InputError(
            f"{archive.name} requires the members {', '.join(layout.data_files)} in {layout.folder}/. "
            f"Received: none named {', '.join(sorted(missing))}"
        )


def _decompress(archive: Path, tar_file: BinaryIO) -> None:
    size = 0
    try:
        with gzip.open(archive) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                size += len(chunk)
                if size > MAX_TAR_BYTES:
                    raise InputError(
                        f"{archive.name} requires at most {MAX_TAR_BYTES} bytes of content. Received: more"
                    )
                tar_file.write(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{archive.name} requires a complete gzip file. Received: {error}") from error
    tar_file.seek(0)


def _read_regular_files(tar_file: BinaryIO, archive_name: str, dataset: ArchiveDataset) -> Iterator[tuple[str, bytes]]:
    layout = LAYOUTS[dataset.layout]
    try:
        with tarfile.open(fileobj=tar_file, mode="r:") as tar:
            for member in tar:
                folder, _, name = member.name.removeprefix("./").partition("/")
                if folder == layout.folder and member.isdir() and not name:
                    continue
                known = name in (*layout.data_files, layout.names_file, *layout.ignored_files)
                if folder != layout.folder or not known or not member.isreg() or member.issparse():
                    raise InputError(
                        f"{archive_name} requires no members but regular files {', '.join(layout.data_files)}, "
                        f"{layout.names_file}, {', '.join(layout.ignored_files)} in {layout.folder}/. "
                        f"Received: {member.name!a}, type {member.type!r}"
                    )
                if name not in layout.ignored_files:
                    _check_size(name, member.size, dataset)
                    stream = tar.extractfile(member)
                    content = stream.read() if stream else b""
                    if len(content) != member.size:
                        raise InputError(f"{name} requires {member.size} bytes. Received: {len(content)}, cut short")
                    yield name, content
    except tarfile.TarError as error:
        raise InputError(f"{archive_name} requires a tar archive inside the gzip. Received: {error}") from error


def _check_digest(name: str, content: bytes, dataset: ArchiveDataset) -> None:
    required, received = dataset.file_sha256[name], hashlib.sha256(content).hexdigest()
    if received != required:
        raise InputError(f"{dataset.name} requires {name} with sha256 {required}. Received: sha256 {received}")


def _check_size(name: str, size: int, dataset: ArchiveDataset) -> None:
    layout = LAYOUTS[dataset.layout]
    if name == layout.names_file:
        if size > MAX_TEXT_BYTES:
            raise InputError(f"{name} requires at most {MAX_TEXT_BYTES} bytes. Received: {size}")
    elif dataset.file_images and size != (required := dataset.file_images[name] * layout.record_bytes):
        raise InputError(f"{name} requires {required} bytes. Received: {size} bytes")
