"""Tars whose headers were made to do harm: each function yields names and tars."""

import random

from tests.cifar.tar_bytes import END, gnu_long, header, member, pax, record

FOLDER = "cifar-10-batches-bin"
DATA = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
FILES = {name: bytes([number]) + random.Random(number).randbytes(3072) for number, name in enumerate(DATA)}
FILES["batches.meta.txt"] = b"".join(b"class_%d\n" % number for number in range(10))
MEMBERS = {name: member(f"{FOLDER}/{name}", content) for name, content in FILES.items()}
GOOD = member(f"{FOLDER}/", kind="5") + b"".join(MEMBERS.values())
README, TEST = f"{FOLDER}/readme.html", f"{FOLDER}/test_batch.bin"
WITHOUT_TEST = GOOD.replace(MEMBERS["test_batch.bin"], b"")
CONTENT = FILES["test_batch.bin"]
MARK = "tmp/hostile-archive-was-here"

NAMES = [
    "../evil", "../" * 12 + MARK, "/" + MARK, "", ".", "~/.bashrc", f"{FOLDER}/..", f"{FOLDER}/../evil", "C:\\evil",
    f"{FOLDER}/sub/evil", f"{FOLDER}//test_batch.bin", f"{FOLDER}/./test_batch.bin", f"{FOLDER}/../{TEST}",
    f"././{TEST}", f"{TEST}/", f"{TEST}/evil", f"{TEST} ", f"{TEST}\n", f"{FOLDER}/TEST_BATCH.BIN",
    f"{FOLDER}\\test_batch.bin", f"{FOLDER}/manifest.json", f"{FOLDER}/\x1b[2J", f"{FOLDER}/tеst_batch.bin",
    f"{FOLDER}／test_batch.bin", f"{FOLDER}/\u202enib.hctab_tset", b"../evil\xff", b"\xff\xfe",
    TEST.encode() + b"\0/../../evil",
]  # fmt: skip
LONG_NAMES = ["../" * 2000 + MARK, "c" * 300_000]
TARGETS = ["/etc/passwd", "../../evil", "/" + MARK]


def list_names():
    for name in NAMES:
        yield f"name {name!a}", GOOD + member(name, b"harm") + END
    for name in NAMES[:4]:
        yield f"first {name!a}", member(name, b"harm") + GOOD + END
        yield f"prefix {name!a}", GOOD + member("evil", b"harm", prefix=name or "/") + END
        yield f"folder {name!a}", GOOD + member(name, kind="5") + END
    for number, name in enumerate((NAMES[0], TEST, *LONG_NAMES)):
        yield f"pax path {number}", GOOD + pax({"path": name}) + member(README, b"harm") + END
        yield f"GNU long name {number}", GOOD + gnu_long(name) + member(README, b"harm") + END
    yield "a name after NUL", WITHOUT_TEST + member(TEST.encode() + b"\0/../../evil", CONTENT) + END
    yield "a prefix that makes a good name bad", WITHOUT_TEST + member(TEST, CONTENT, prefix="..") + END
    yield "a prefix that makes a good name", WITHOUT_TEST + member("test_batch.bin", CONTENT, prefix=FOLDER) + END


def list_kinds():
    for kind in sorted({*b"1234567ADIKLMNSVXgx \x01/:Zaz~\xff", *range(0x41, 0x5B)}):
        yield f"type {bytes([kind])!a}", WITHOUT_TEST + member(TEST, CONTENT, kind=kind) + END
        yield f"empty type {bytes([kind])!a}", GOOD + member(README, kind=kind) + END
    for target in TARGETS:
        for kind, word in (("1", "hard"), ("2", "symbolic")):
            yield f"{word} link to {target}", GOOD + member(README, kind=kind, link=target) + END
            yield f"{word} link to long {target}", GOOD + gnu_long(target, "K") + member(README, kind=kind) + END
            yield f"{word} link to pax {target}", GOOD + pax({"linkpath": target}) + member(README, kind=kind) + END
    yield "a file through a link", member(FOLDER, kind="2", link="/" + MARK) + GOOD + END
    yield "a link in place of a file", WITHOUT_TEST + member(TEST, kind="2", link="/etc/passwd") + END
    yield "a file over its link", member(TEST, kind="2", link="/" + MARK) + GOOD + END
    for kind, word in (("3", "character"), ("4", "block")):
        device = member(TEST, kind=kind, area=(329, b"0000001\x000000005\0"))
        yield f"{word} device", WITHOUT_TEST + device + END


def list_sparse():
    structs = b"%011o\0%011o\0" % (0, 512) * 4
    for real in (0, 3073, 8**11 - 1):
        area = (386, structs + b"\0" + b"%011o\0" % real)
        old = member(TEST, CONTENT, kind="S", magic=b"ustar  \0", area=area)
        yield f"old sparse of {real}", WITHOUT_TEST + old + END
    endless = header(README, kind="S", magic=b"ustar  \0", area=(386, structs + b"\1" + b"%011o\0" % 9))
    more = b"%011o\0%011o\0" % (9, 9) * 21 + b"\1"
    yield "old sparse with endless maps", GOOD + endless + more.ljust(512, b"\0") * 20_000 + END
    for word, records in (
        ("0.0", {"GNU.sparse.size": "3073", "GNU.sparse.offset": "0", "GNU.sparse.numbytes": "512"}),
        ("0.1", {"GNU.sparse.map": "0,512,1,2", "GNU.sparse.size": str(1 << 40)}),
        ("1.0", {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "3073"}),
    ):
        yield f"sparse {word}", WITHOUT_TEST + pax(records) + member(TEST, b"1\n0\n512\n".ljust(3073, b"\0")) + END


SIZES = [
    b"77777777777\0", b"777777777777", b"\x80" + b"\xff" * 11, b"\x80" + bytes(3) + b"\x7f" + b"\xff" * 7, b"\xff" * 12,
    b"\xff" * 10 + b"\xfe\x00", b"\xff" + bytes(11), b"\x80" + bytes(9) + b"\x0c\x01", b"-0000000001\0",
    b"+0000006001\0",
    b"0x000000c01\0", b"0o000006001\0", b"0000_006001\0", b"00000006081\0", b"garbagegarba", b"            ", bytes(12),
    b"\x006001\0\0\0\0\0\0\0", b"0000000 6001", b"00000006000\0", b"00000006002\0", b"00000010001\0", b"00000100000\0",
    "٠٠٠٦٠٠".encode(), b"00003641100\0",
]  # fmt: skip


def list_sizes():
    for size in SIZES:
        yield f"size {size!a}", WITHOUT_TEST + member(TEST, CONTENT, size=size) + END
    for size in SIZES[:4]:
        yield f"size of a further header {size!a}", GOOD + header("x", size, "x") + member(README) + END
        yield f"size of a long name {size!a}", GOOD + header("x", size, "L") + member(README) + END
    for size in ("0", "-1536", "9" * 5000, ""):
        for kind in "xg":
            override = pax({"size": size}, kind)
            yield f"pax size {kind} {size[:9]}", WITHOUT_TEST + override + member(TEST, CONTENT) + END
    yield "a folder with a size", member(f"{FOLDER}/", b"x" * 512, kind="5") + GOOD + END
    for number in range(5):
        broken = bytearray(GOOD + END)
        broken[600 + number * 97] ^= 1 << number
        yield f"a flipped bit {number}", bytes(broken)
    for checksum in (b"000000\0 ", b" " * 8, b"-00001\0 ", b"\xff" * 8, b"777777\0 ", b"0x1234\0 "):
        yield f"checksum {checksum!a}", WITHOUT_TEST + member(TEST, CONTENT, checksum=checksum) + END


def list_further_headers():
    for content in (
        b"0 path=x\n", b"99999999 path=x\n", b"-5 path=x\n", b"path=x\n", b"12 path\n", b"\0" * 512, b"\xff" * 512,
        b"9" * (1 << 20), b"1 " * 30_000, b"20 hdrcharset=BINARY\n", record("path", TEST) * 2000,
        record("comment", "x" * 65_000), record("mtime", "1e999"), record("path", "x")[:-1],
        record("LIBARCHIVE.xattr.evil", "AAAA"), b"8 size=\n",
    ):  # fmt: skip
        named = f"{len(content)} bytes, {content[:24]!a}"
        yield f"a further header of {named}", GOOD + pax(content) + member(README) + END
        yield f"a global header of {named}", pax(content, "g") + GOOD + END
    yield "further headers in a row", GOOD + pax({"comment": "x"}) * 5000 + member(README) + END
    yield "global headers in a row", pax({"comment": "x"}, "g") * 5000 + GOOD + END
    yield "long names in a row", GOOD + gnu_long("x") * 5000 + member(README) + END
    yield "a further header of a further header", GOOD + pax(pax({"path": "../evil"})) + member(README) + END
    yield "a further header at the end", GOOD + pax({"comment": "x"}) + END
    yield "a last further header without an end", GOOD + pax({"comment": "x"})


HEADER_LISTS = (list_names, list_kinds, list_sparse, list_sizes, list_further_headers)
