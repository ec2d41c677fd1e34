"""Whatever happens to a good archive: it is refused in one line, or gives exactly the true files."""

import hashlib
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline.cifar.archives import read_members
from pipeline.cifar.datasets import ArchiveDataset
from tests.cifar.hostile_headers import DATA, FILES, GOOD
from tests.cifar.tar_bytes import BLOCK, END, gzip_bytes, pax
from tests.refusals import accept_or_refuse

TAR = GOOD + pax({"comment": "mine"}) + END
ARCHIVE = gzip_bytes(TAR)
DIGESTS = {name: hashlib.sha256(FILES[name]).hexdigest() for name in DATA}
HEADERS = [place for place in range(0, len(TAR), BLOCK) if TAR[place + 257 : place + 262] == b"ustar"]
PARTS = [TAR[place:end] for place, end in zip(HEADERS, [*HEADERS[1:], None], strict=True)]
FIELDS = (0, 100, 124, 135, 148, 156, 157, 257, 345)


def edits(places):
    """Replacements of a few bytes by others, fewer or more."""
    return st.lists(st.tuples(places, st.integers(0, 12), st.binary(max_size=12)), min_size=1, max_size=4)


def edit(content, changes):
    for place, length, new in changes:
        content = content[:place] + new + content[place + length :]
    return content


def with_checksums(tar):
    """The tar with right checksums wherever there was a header, so that its other fields are looked at."""
    tar = bytearray(tar)
    for place in HEADERS:
        block = tar[place : place + BLOCK]
        tar[place + 148 : place + 156] = b"%06o\0 " % (sum(block) - sum(block[148:156]) + 256)
    return bytes(tar)


def read(content, *, trusted):
    """The files, or None where the archive is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "data.tar.gz")
        path.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest() if trusted else "0" * 64
        dataset = ArchiveDataset("pictures", "cifar10", "", sha256, {} if trusted else DIGESTS)
        files, message = accept_or_refuse(lambda: {name: b"".join(part) for name, part in read_members(path, dataset)})
    assert message.isprintable()
    return files


def assert_true_or_refused(content):
    """With the files' digests required only the true files pass; a file of class names has none."""
    files = read(content, trusted=False)
    assert files is None or {name: files[name] for name in DATA} == {name: FILES[name] for name in DATA}
    files = read(content, trusted=True)
    if files is not None:
        assert set(DATA) <= set(files) <= set(FILES)
        assert all(files[name] and len(files[name]) % 3073 == 0 for name in DATA)


def test_the_archive_itself_is_read():
    assert read(ARCHIVE, trusted=False) == read(ARCHIVE, trusted=True) == FILES


@given(edits(st.integers(0, len(ARCHIVE))))
def test_bytes_changed_after_compression(changes):
    assert_true_or_refused(edit(ARCHIVE, changes))


@given(edits(st.integers(0, len(TAR))))
def test_bytes_changed_before_compression(changes):
    assert_true_or_refused(gzip_bytes(edit(TAR, changes)))


@given(
    st.lists(
        st.tuples(st.sampled_from(HEADERS), st.sampled_from(FIELDS), st.binary(max_size=12)), min_size=1, max_size=3
    )
)
def test_header_fields_changed_with_right_checksums(changes):
    tar = edit(TAR, [(place + field, len(new), new) for place, field, new in changes])
    assert_true_or_refused(gzip_bytes(with_checksums(tar)))


@given(st.lists(st.sampled_from(PARTS), max_size=20))
def test_members_in_any_order_and_number(members):
    assert_true_or_refused(gzip_bytes(b"".join(members)))


@given(st.binary(max_size=3000))
def test_bytes_of_any_kind(content):
    assert_true_or_refused(content)
    assert_true_or_refused(gzip_bytes(content))
    assert_true_or_refused(gzip_bytes(pax(content) + TAR))
