"""Archives that were made to do harm, or came to harm: `list_archives` gives a name and the bytes of each."""

import bz2
import lzma
import pickle
import zlib

from tests.cifar.hostile_headers import (
    CONTENT,
    DATA,
    FILES,
    FOLDER,
    GOOD,
    HEADER_LISTS,
    MEMBERS,
    README,
    TEST,
    WITHOUT_TEST,
)
from tests.cifar.tar_bytes import END, gzip_bytes, gzip_zeros, header, member

CAP_MEGABYTES = 512


def list_orders():
    same, other = MEMBERS["test_batch.bin"], member(TEST, bytes(3073))
    yield "a file twice", GOOD + same + END
    yield "a file and another", GOOD + other + END
    yield "another and the file", other + GOOD + END
    yield "names twice", GOOD + MEMBERS["batches.meta.txt"] + END
    yield "a readme twice", GOOD + member(README) * 2 + END
    yield "a file twice by two names", GOOD + member(f"./{TEST}", CONTENT) + END
    yield "thousands of empty readmes", GOOD + member(README) * 20_000 + END
    yield "thousands of folders", member(f"{FOLDER}/", kind="5") * 20_000 + GOOD + END
    yield "no members", END
    yield "nothing", b""
    for name in DATA:
        yield f"without {name}", GOOD.replace(MEMBERS[name], b"") + END
    for name in FILES:
        yield f"{name} is empty", GOOD.replace(MEMBERS[name], member(f"{FOLDER}/{name}")) + END
    for ending in (b"", bytes(1), bytes(511), bytes(512), bytes(513), bytes(1023)):
        yield f"an end of {len(ending)} bytes", GOOD + ending
    for place in range(0, len(GOOD), 2039):
        yield f"a tar cut at {place}", GOOD[:place]
    evil = member("../evil", b"harm")
    for word, more in (("a member", evil + END), ("zeros", bytes(1 << 20)), ("noise", CONTENT), ("a tar", GOOD + END)):
        yield f"{word} after the end", GOOD + END + more
        yield f"{word} after half an end", GOOD + END[:512] + more


def list_gzip_files():
    good = GOOD + END
    whole = gzip_bytes(good)
    for place in range(0, len(whole), len(whole) // 24):
        yield f"a file cut at {place}", whole[:place]
    for cut in range(1, 9):
        yield f"a file without its last {cut} bytes", whole[:-cut]
    for word, more in (
        ("noise", CONTENT),
        ("zeros", bytes(999)),
        ("a byte", b"x"),
        ("itself", whole),
        ("half", whole[:99]),
    ):
        yield f"a file and {word}", whole + more
    yield "a file in two streams", gzip_bytes(good[:5000]) + gzip_bytes(good[5000:])
    yield "a million empty streams", gzip_bytes(b"") * 1_000_000
    yield "empty streams, then the file", gzip_bytes(b"") * 10_000 + whole
    yield "a file in a file", gzip_bytes(whole)
    for flags in (0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF):
        yield f"flags {flags:#x}", gzip_bytes(good, flags)
    yield "a name in the gzip header", gzip_bytes(good, 0x08, b"../../evil\0")
    yield "an endless name in the gzip header", gzip_bytes(b"", 0x08, b"a" * 10_000_000, body=b"")
    yield "an extra field that is too long", gzip_bytes(good, 0x04, b"\xff\xff")
    yield "a wrong header checksum", gzip_bytes(good, 0x02, b"\0\0")
    yield "a wrong checksum", gzip_bytes(good, crc=0)
    for size in (0, len(good) - 1, 2**32 - 1):
        yield f"a wrong length {size}", gzip_bytes(good, size=size)
    for start in (b"\x1f\x8b\x07", b"\x1f\x8b\x00", b"\x1f\x8b\xff", b"\x1f\x9d\x08", b"\x8b\x1f\x08", b"\0\0\0"):
        yield f"start {start!a}", gzip_bytes(good, start=start)
    for body in (b"", b"\x07", b"\xff" * 99, b"\x01\x05\x00\x00\x00hello", b"\x00" * 99, CONTENT):
        yield f"deflated {body[:8]!a}", gzip_bytes(good, body=body)
    others = {"tar": good, "xz": lzma.compress(good), "bzip2": bz2.compress(good), "zlib": zlib.compress(good)}
    others |= {"pickle": pickle.dumps({b"data": CONTENT}), "zip": b"PK\3\4" + bytes(99), "none": b""}
    for word, content in others.items():
        yield f"no gzip but {word}", content


def list_bombs():
    """Decompressed, they are more than a process should hold."""
    big = 400 << 20
    for kind in "xgLK":
        yield f"a header bomb of type {kind}", gzip_zeros(GOOD + header("x", big, kind), 400, member(README) + END)
    yield "a bomb of class names", gzip_zeros(header(f"{FOLDER}/batches.meta.txt", big), 400, GOOD + END)
    yield "over the cap: a readme", gzip_zeros(GOOD + header(README, CAP_MEGABYTES << 20), CAP_MEGABYTES, END)
    yield "over the cap: a data file", gzip_zeros(WITHOUT_TEST + header(TEST, 8**11 - 1), 8000, END)
    yield "over the cap: zeros after the end", gzip_zeros(GOOD + END, CAP_MEGABYTES)


def list_archives():
    """Yield the name and the bytes of each archive."""
    for tars in (*HEADER_LISTS, list_orders):
        for name, tar in tars():
            yield name, gzip_bytes(tar)
    yield from list_gzip_files()
    yield from list_bombs()
