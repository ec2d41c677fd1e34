"""Read the headers of a tar that nobody vouches for: short plain headers, and nothing else.

Python's `tarfile` reads far more, and takes what a header says for granted: headers of any length into memory,
patterns that run for hours (CVE-2024-6232), sizes that lead backwards for ever (CVE-2025-8194), depending on its
version. Source: "pax Interchange Format" and "ustar Interchange Format" in POSIX.1-2017, utility pax.
"""

import io
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from pipeline.errors import InputError

BLOCK_BYTES = 512
MAX_HEADERS = 100  # a data set in a CIFAR layout has ten members, each with at most one further header
MAX_PAX_BYTES = 1 << 16
PAX_KINDS = (b"x", b"g")
# What would make another member of the one that follows; the rest are times, owners and remarks.
PAX_MEANING = re.compile(rb" (?:path|linkpath|size|hdrcharset|GNU\.sparse\.[a-z]+)=")


class Member(NamedTuple):
    """A member, and where its content lies in the tar."""

    name: str
    kind: bytes  # b"0": a regular file, b"5": a folder
    offset: int
    size: int


def read_headers(tar: BinaryIO, tar_name: str) -> Iterator[Member]:
    """Yield a tar's members up to the block of zeros that ends it.

    What follows that block is padding, as for every tar: it is not looked at.

    Args:
        tar: is moved about.
        tar_name: for error messages.

    Raises:
        InputError: a header is damaged, means something else than it seems to, or is one too many, or the tar is
            cut short.
    """
    length, place = tar.seek(0, io.SEEK_END), 0
    for _ in range(MAX_HEADERS):
        tar.seek(place)
        header = tar.read(BLOCK_BYTES)
        if len(header) < BLOCK_BYTES:
            raise _refusal(tar_name, f"no end within its {length} bytes")
        if not any(header):
            return
        member = _parse_header(header, place + BLOCK_BYTES, tar_name)
        if member.size > length - member.offset:
            raise _refusal(tar_name, f"{member.size} bytes of {member.name!a}, cut short")
        place = member.offset + -(-member.size // BLOCK_BYTES) * BLOCK_BYTES
        if member.kind not in PAX_KINDS:
            yield member
        elif member.size > MAX_PAX_BYTES:
            raise _refusal(tar_name, f"an extended header of {member.size} bytes")
        elif meaning := PAX_MEANING.search(tar.read(member.size)):
            raise _refusal(tar_name, f"an extended header with{meaning[0].decode()}")
    raise _refusal(tar_name, f"more than {MAX_HEADERS} headers")


def _parse_header(header: bytes, offset: int, tar_name: str) -> Member:
    checksum = sum(header) - sum(header[148:156]) + 8 * ord(" ")
    if _parse_number(header[148:156], tar_name) != checksum:
        raise _refusal(tar_name, f"a header with another checksum than {checksum:o}")
    name, prefix = (field.partition(b"\0")[0].decode("latin-1") for field in (header[:100], header[345:500]))
    kind = header[156:157].replace(b"\0", b"0")
    size = _parse_number(header[124:136], tar_name)
    return Member(f"{prefix}/{name}" if prefix else name, kind, offset, size)


def _parse_number(field: bytes, tar_name: str) -> int:
    """An octal number; the binary form, for sizes above 8 GiB and below 0, is refused."""
    digits = field.partition(b"\0")[0].strip(b" ")
    if not re.fullmatch(rb"[0-7]*", digits):
        raise _refusal(tar_name, f"{field!r} where an octal number belongs")
    return int(digits or b"0", 8)


def _refusal(tar_name: str, received: str) -> InputError:
    return InputError(f"{tar_name} requires a complete tar of plain files inside the gzip. Received: {received}")
