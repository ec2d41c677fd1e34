"""Read a data set's archive without trusting it: nothing in it is extracted by name, executed or unpickled.

The archive is decompressed into a capped temporary file, which is then read as a plain tar. Only regular files with
the layout's exact names are read, as streams, up to the size that the layout allows.
"""

import hashlib
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.cifar.datasets import ArchiveDataset
from pipeline.cifar.layouts import FILE_LAYOUTS
from pipeline.cifar.tars import Member, read_headers
from pipeline.errors import InputError

CHUNK_BYTES = 1 << 20
COMPRESSED_CHUNK_BYTES = 1 << 16
# Thrice what CIFAR's own archives hold, 174,000 images; more than that is refused in two seconds on a slow machine.
MAX_TAR_BYTES = 1 << 29
MAX_TEXT_BYTES = 1 << 20
GZIP = 16 + zlib.MAX_WBITS


def read_members(archive: Path, dataset: ArchiveDataset) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield each needed member of a data set's archive: its name without the folder, and its content in chunks.

    These are the data files, and the file of class names where there is one. The chunks have 1 to `CHUNK_BYTES`
    bytes; they are what the data set requires if their iterator ends without an error.

    Raises:
        InputError: the archive cannot be read, or has other members, sizes or digests than the data set.
    """
    layout = FILE_LAYOUTS[dataset.layout]
    seen: set[str] = set()
    with tempfile.TemporaryFile() as tar_file:
        # Opened once, so that what is read is what was hashed.
        with archive.open("rb") as file:
            received = hashlib.file_digest(file, "sha256").hexdigest()
            if received != dataset.archive_sha256 and set(dataset.file_sha256) != set(layout.data_files):
                raise InputError(
                    f"{dataset.name} requires an archive with sha256 {dataset.archive_sha256}. "
                    f"Received: {archive.name} with sha256 {received}"
                )
            file.seek(0)
            _decompress(file, archive.name, tar_file)
        for name, member in _list_files(tar_file, archive.name, dataset):
            if name in seen:
                raise InputError(f"{archive.name} requires one {name}. Received: two")
            seen.add(name)
            if name in layout.ignored_files:
                continue
            _check_size(name, member.size, dataset)
            chunks = _read_chunks(tar_file, member)
            # The archive's own digest vouches for all that is in it.
            if name in dataset.file_sha256 and received != dataset.archive_sha256:
                chunks = _check_digest(chunks, name, dataset)
            yield name, chunks
            for _ in chunks:  # what the caller left is checked all the same
                pass
    if missing := set(layout.data_files) - seen:
        raise InputError(
            f"{archive.name} requires the members {', '.join(layout.data_files)} in {layout.folder}/. "
            f"Received: none named {', '.join(sorted(missing))}"
        )


def _decompress(file: BinaryIO, archive_name: str, tar_file: BinaryIO) -> None:
    """Decompress one gzip stream; whatever follows it, a second stream or padding, is refused."""
    stream, size = zlib.decompressobj(GZIP), 0
    while not stream.eof:
        compressed = stream.unconsumed_tail or file.read(COMPRESSED_CHUNK_BYTES)
        if not compressed:
            raise InputError(f"{archive_name} requires a complete gzip file. Received: one that is cut short")
        try:
            chunk = stream.decompress(compressed, CHUNK_BYTES)
        except zlib.error as error:
            reason = str(error).rpartition(": ")[2]
            raise InputError(f"{archive_name} requires a complete gzip file. Received: {reason}") from error
        size += len(chunk)
        if size > MAX_TAR_BYTES:
            raise InputError(f"{archive_name} requires at most {MAX_TAR_BYTES} bytes of content. Received: more")
        tar_file.write(chunk)
    if stream.unused_data or file.read(1):
        raise InputError(f"{archive_name} requires one gzip stream. Received: more bytes after it")


def _list_files(tar_file: BinaryIO, archive_name: str, dataset: ArchiveDataset) -> Iterator[tuple[str, Member]]:
    """The regular files of the layout; the folder that holds them may be a member too."""
    layout = FILE_LAYOUTS[dataset.layout]
    known = (*layout.data_files, layout.names_file, *layout.ignored_files)
    for member in read_headers(tar_file, archive_name):
        folder, _, name = member.name.removeprefix("./").partition("/")
        if folder == layout.folder and not name and member.kind == b"5" and not member.size:
            continue
        if folder != layout.folder or name not in known or member.kind != b"0":
            raise InputError(
                f"{archive_name} requires no members but regular files {', '.join(known)} in {layout.folder}/. "
                f"Received: {member.name!a}, type {member.kind!r}"
            )
        yield name, member


def _read_chunks(tar_file: BinaryIO, member: Member) -> Iterator[bytes]:
    tar_file.seek(member.offset)
    for start in range(0, member.size, CHUNK_BYTES):
        yield tar_file.read(min(CHUNK_BYTES, member.size - start))


def _check_digest(chunks: Iterator[bytes], name: str, dataset: ArchiveDataset) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
    required, received = dataset.file_sha256[name], digest.hexdigest()
    if received != required:
        raise InputError(f"{dataset.name} requires {name} with sha256 {required}. Received: sha256 {received}")


def _check_size(name: str, size: int, dataset: ArchiveDataset) -> None:
    layout = FILE_LAYOUTS[dataset.layout]
    if name == layout.names_file:
        if size > MAX_TEXT_BYTES:
            raise InputError(f"{name} requires at most {MAX_TEXT_BYTES} bytes. Received: {size}")
    elif dataset.file_images and size != (required := dataset.file_images[name] * layout.record_bytes):
        raise InputError(f"{name} requires {required} bytes. Received: {size} bytes")
    elif not size or size % layout.record_bytes:
        raise InputError(f"{name} requires one or more records of {layout.record_bytes} bytes. Received: {size} bytes")
