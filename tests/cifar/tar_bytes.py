"""Tars and gzip files, byte by byte: also such as no tool would write."""

import struct
import zlib

BLOCK = 512
END = bytes(2 * BLOCK)


def header(name, size=0, kind="0", link="", prefix="", magic=b"ustar\x0000", checksum=None, area=None):
    """A header block.

    Args:
        name: also `link` and `prefix`; text or bytes, cut where its field ends.
        size: a number, or the field's bytes.
        kind: the type flag, text or a byte's number.
        checksum: the field's bytes, where the right one is not wanted.
        area: (offset, bytes) to be written over the rest.
    """
    block = bytearray(BLOCK)
    size = size if isinstance(size, bytes) else b"%011o\0" % size
    kind = bytes([kind]) if isinstance(kind, int) else kind.encode()
    fields = [(0, raw(name)[:100]), (100, b"0000644\0"), (108, b"0000000\0"), (116, b"0000000\0"), (124, size[:12])]
    fields += [(136, b"00000000000\0"), (156, kind), (157, raw(link)[:100]), (257, magic), (345, raw(prefix)[:155])]
    for offset, field in [*fields, *([area] if area else [])]:
        block[offset : offset + len(field)] = field
    block[148:156] = b" " * 8
    block[148:156] = checksum or b"%06o\0 " % sum(block)
    return bytes(block)


def member(name, content=b"", **fields):
    """A header, with the content's size unless told otherwise, and the content."""
    return header(name, **({"size": len(content)} | fields)) + pad(content)


def pax(records, kind="x"):
    """A further header with records, a dictionary, or with its content's bytes."""
    content = records if isinstance(records, bytes) else b"".join(record(*item) for item in records.items())
    return member("PaxHeader", content, kind=kind)


def record(key, value):
    """`<length> <key>=<value>` with a line's end; the length counts itself."""
    rest = b" " + raw(key) + b"=" + raw(value) + b"\n"
    length = len(rest)
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def gnu_long(name, kind="L"):
    """GNU's member that holds the name (kind K: the link's target) of the next one."""
    return member("././@LongLink", raw(name) + b"\0", kind=kind, magic=b"ustar  \0")


def raw(text):
    return text if isinstance(text, bytes) else text.encode()


def pad(content):
    return content + bytes(-len(content) % BLOCK)


def gzip_bytes(content, flags=0, extra=b"", crc=None, size=None, body=None, start=b"\x1f\x8b\x08"):
    """A gzip file with fields that can be wrong."""
    if body is None:
        deflate = zlib.compressobj(1, wbits=-15)
        body = deflate.compress(content) + deflate.flush()
    crc = zlib.crc32(content) if crc is None else crc
    size = len(content) if size is None else size
    head = start + struct.pack("<BIBB", flags, 0, 0, 255) + extra
    return head + body + struct.pack("<II", crc, size % 2**32)


def gzip_zeros(before, megabytes, after=b""):
    """A gzip file of `before`, many zeros and `after`, which does not take the time to compress the zeros."""
    deflate, zeros = zlib.compressobj(9, wbits=-15), bytes(1 << 20)
    body = deflate.compress(before) + deflate.flush(zlib.Z_FULL_FLUSH)
    body += (deflate.compress(zeros) + deflate.flush(zlib.Z_FULL_FLUSH)) * megabytes
    body += deflate.compress(after) + deflate.flush()
    crc = zlib.crc32(before)
    for _ in range(megabytes):
        crc = zlib.crc32(zeros, crc)
    size = len(before) + megabytes * len(zeros) + len(after)
    return gzip_bytes(b"", body=body, crc=zlib.crc32(after, crc), size=size)
