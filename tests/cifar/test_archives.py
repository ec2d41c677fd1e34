import gzip
import hashlib
import os
import tarfile
from dataclasses import replace

import pytest

from pipeline.cifar import archives
from pipeline.cifar.archives import read_members
from pipeline.cifar.datasets import ArchiveDataset
from pipeline.digests import hash_file
from tests.refusals import refusal

FOLDER = "cifar-10-batches-bin"


@pytest.fixture
def files(make_files):
    return make_files(images=1)


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "data.tar.gz"


def describe(sha256, **fields):
    return ArchiveDataset("pictures", "cifar10", "https://example.invalid/data.tar.gz", sha256, **fields)


def digests(files):
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name.endswith(".bin")}


def read_files(archive, dataset):
    return {name: b"".join(chunks) for name, chunks in read_members(archive, dataset)}


def refuse(archive, dataset):
    message = refusal(read_files, archive, dataset)
    assert list(archive.parent.iterdir()) == [archive]
    return message


def link(name, target, kind=tarfile.SYMTYPE):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def test_an_archive_is_trusted_by_its_own_digest(archive, files, write_archive):
    sha256 = write_archive(archive, files)
    assert sha256 == hash_file(archive)
    assert read_files(archive, describe(sha256)) == files


def test_a_repacked_archive_is_trusted_by_the_digests_of_all_its_files(archive, files, write_archive):
    write_archive(archive, files)
    assert read_files(archive, describe("0" * 64, file_sha256=digests(files))) == files


@pytest.mark.parametrize("tar_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_archives_of_common_formats_are_read(tar_format, tmp_path, archive, files):
    """As `tarfile` packs a folder: its pax format has a further header for each file, with the time."""
    (tmp_path / FOLDER).mkdir()
    for name, content in files.items():
        (tmp_path / FOLDER / name).write_bytes(content)
    with tarfile.open(archive, "w:gz", format=tar_format) as tar:
        tar.add(tmp_path / FOLDER, f"./{FOLDER}")
    assert read_files(archive, describe(hash_file(archive))) == files


def test_a_member_comes_in_small_chunks(archive, files, write_archive, monkeypatch):
    monkeypatch.setattr(archives, "CHUNK_BYTES", 1000)
    sha256 = write_archive(archive, files)
    sizes = {name: [len(chunk) for chunk in chunks] for name, chunks in read_members(archive, describe(sha256))}
    assert sizes["test_batch.bin"] == [1000, 1000, 1000, 73]


def test_what_the_caller_does_not_read_is_checked_all_the_same(archive, files, write_archive):
    required = digests(files)
    write_archive(archive, files | {"data_batch_1.bin": bytes(3073)})
    members = read_members(archive, describe("0" * 64, file_sha256=required))
    assert next(members)[0] == "data_batch_1.bin"
    message = refusal(next, members)
    assert message.startswith(f"pictures requires data_batch_1.bin with sha256 {required['data_batch_1.bin']}. Rec")


def test_an_archive_in_a_read_only_folder_is_read(archive, files, write_archive):
    dataset = describe(write_archive(archive, files))
    archive.parent.chmod(0o555)
    try:
        if os.access(archive.parent, os.W_OK):
            pytest.skip("this user may write to any folder")
        assert read_files(archive, dataset) == files
    finally:
        archive.parent.chmod(0o755)


def test_an_unknown_archive_is_refused_before_it_is_decompressed(archive):
    archive.write_bytes(b"not a gzip file")
    message = refuse(archive, describe("0" * 64))
    assert message == (
        f"pictures requires an archive with sha256 {'0' * 64}. Received: data.tar.gz with sha256 {hash_file(archive)}"
    )


def test_digests_of_only_some_files_do_not_make_an_archive_trusted(archive, files, write_archive):
    write_archive(archive, files)
    some = dict(list(digests(files).items())[1:])
    assert "requires an archive with sha256" in refuse(archive, describe("0" * 64, file_sha256=some))


@pytest.mark.parametrize(
    "member",
    [
        tarfile.TarInfo(f"{FOLDER}/virus.bin"),
        tarfile.TarInfo("test_batch.bin"),
        tarfile.TarInfo(f"{FOLDER}/deeper/test_batch.bin"),
        tarfile.TarInfo(f"{FOLDER}/../test_batch.bin"),
        tarfile.TarInfo(f"../{FOLDER}/test_batch.bin"),
        tarfile.TarInfo(f"/{FOLDER}/test_batch.bin"),
        tarfile.TarInfo(f"{FOLDER}/new\nline"),
        link(f"{FOLDER}/readme.html", "/etc/passwd"),
        link(f"{FOLDER}/batches.meta.txt", "../../secret"),
        link(f"{FOLDER}/test_batch.bin", f"{FOLDER}/data_batch_1.bin", tarfile.LNKTYPE),
    ],
    ids=lambda member: member.name,
)
def test_other_members_are_refused_by_name(member, archive, files, write_archive):
    sha256 = write_archive(archive, files, further=[member])
    message = refuse(archive, describe(sha256))
    assert message.startswith("data.tar.gz requires no members but regular files data_batch_1.bin, ")
    assert message.endswith(f"Received: {member.name!a}, type {member.type!r}")


def test_a_member_that_comes_twice_is_refused(archive, files, write_archive):
    again = tarfile.TarInfo(f"{FOLDER}/test_batch.bin")
    again.size = 3073
    sha256 = write_archive(archive, files, further=[again])
    assert refuse(archive, describe(sha256)) == "data.tar.gz requires one test_batch.bin. Received: two"


def test_a_missing_member_is_named(archive, files, write_archive):
    del files["data_batch_2.bin"]
    message = refuse(archive, describe(write_archive(archive, files)))
    assert "data_batch_1.bin, data_batch_2.bin, data_batch_3.bin, data_batch_4.bin, data_batch_5.bin" in message
    assert message.endswith("Received: none named data_batch_2.bin")


def test_files_hold_as_many_images_as_the_data_set(archive, files, write_archive):
    images = dict.fromkeys(digests(files), 1)
    dataset = describe(write_archive(archive, files), file_images=images)
    assert read_files(archive, dataset) == files
    message = refuse(archive, replace(dataset, file_images=images | {"test_batch.bin": 2}))
    assert message == "test_batch.bin requires 6146 bytes. Received: 3073 bytes"


def test_a_huge_file_of_class_names_is_refused(archive, files, write_archive, monkeypatch):
    monkeypatch.setattr(archives, "MAX_TEXT_BYTES", 50)
    files["batches.meta.txt"] = b"x" * 51
    message = refuse(archive, describe(write_archive(archive, files)))
    assert message == "batches.meta.txt requires at most 50 bytes. Received: 51"


@pytest.mark.parametrize(
    ("content", "required"),
    [
        (
            b"<html>Sign in to go on</html>",
            "a complete gzip file. Received: incorrect header check",
        ),
        (gzip.compress(b"x" * 10_000)[:-4], "a complete gzip file. Received: one that is cut short"),
        (
            gzip.compress(b"x")[:-8] + bytes(8),
            "a complete gzip file. Received: incorrect data check",
        ),
        (gzip.compress(b"x") + b"more", "one gzip stream. Received: more bytes after it"),
        (gzip.compress(b""), "a complete tar of plain files inside the gzip"),
        (gzip.compress(b"no tar at all"), "a complete tar of plain files inside the gzip"),
    ],
    ids=["web page", "short", "checksum", "more", "empty", "no tar"],
)
def test_a_file_of_another_kind_is_refused(content, required, archive):
    archive.write_bytes(content)
    assert f"data.tar.gz requires {required}" in refuse(archive, describe(hash_file(archive)))


@pytest.mark.parametrize("key", ["path", "linkpath", "size", "hdrcharset", "GNU.sparse.map", "GNU.sparse.major"])
def test_a_further_header_that_changes_a_member_is_refused(key, archive, files, write_archive):
    member = tarfile.TarInfo(f"{FOLDER}/readme.html")
    member.pax_headers = {"comment": "mine", key: "0"}
    message = refuse(archive, describe(write_archive(archive, files, further=[member])))
    assert message.endswith(f"Received: an extended header with {key}=")


def test_decompression_stops_at_a_cap(archive, files, write_archive, monkeypatch):
    monkeypatch.setattr(archives, "MAX_TAR_BYTES", 20_000)
    monkeypatch.setattr(archives, "CHUNK_BYTES", 1000)
    files["test_batch.bin"] = bytes(10**6)
    sha256 = write_archive(archive, files)
    assert archive.stat().st_size < 20_000 + 3073
    message = refuse(archive, describe(sha256))
    assert message == "data.tar.gz requires at most 20000 bytes of content. Received: more"
