import hashlib
import json
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from pipeline.settings.params import load_params
from pipeline.stages.download import download
from tests.refusals import refusal

SYNTHETIC = {"dataset": "synthetic", "train_images": 50, "test_images": 10}
OFFICIAL = "https://example.invalid/pictures/data.tar.gz"


@pytest.fixture
def sha256(workspace, make_files, write_archive):
    """The digest of a tiny archive, mirror/data.tar.gz."""
    (workspace / "mirror").mkdir()
    return write_archive(workspace / "mirror/data.tar.gz", make_files(images=4))


@pytest.fixture
def custom(sha256, write_params):
    """Set params.yaml to the tiny archive."""

    def write(url=OFFICIAL, sha256=sha256):
        write_params(download={"dataset": "custom", "layout": "cifar10", "url": url, "sha256": sha256})

    return write


@pytest.fixture
def earlier(workspace):
    """Leave an output of an earlier run, and tell whether it is all there is."""
    manifest = workspace / "data/raw/custom/manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("earlier")
    return lambda: (
        [path for path in (workspace / "data/raw").rglob("*") if path.is_file()] == [manifest]
        and manifest.read_text() == "earlier"
    )


def refuse():
    return refusal(download, load_params())


def assert_raw_equals(files, folder=Path("data/raw/custom")):
    manifest = json.loads((folder / "manifest.json").read_text())
    data = {name: content for name, content in files.items() if name.endswith(".bin")}
    assert {path.name for path in folder.iterdir()} == {*data, "manifest.json"}
    assert list(manifest["files"]) == list(data)
    for name, content in data.items():
        assert (folder / name).read_bytes() == content
        assert manifest["files"][name] == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert manifest["classes"] == [f"class_{number}" for number in range(10)]


def test_an_archive_is_taken_from_a_file_address(custom, workspace, make_files):
    custom((workspace / "mirror/data.tar.gz").as_uri())
    download(load_params())
    assert_raw_equals(make_files(images=4))
    assert sorted(path.name for path in workspace.iterdir()) == ["data", "mirror", "params.yaml"]
    assert [path.name for path in (workspace / "mirror").iterdir()] == ["data.tar.gz"]


@pytest.fixture
def mirror(workspace, serve, monkeypatch):
    class Server(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    monkeypatch.setenv("CIFAR_MIRROR", serve(partial(Server, directory=workspace / "mirror")))


def test_an_archive_is_taken_from_a_mirror_and_not_kept(custom, mirror, make_files):
    custom()
    download(load_params())
    assert_raw_equals(make_files(images=4))
    assert list(Path("data/downloads").iterdir()) == []


def test_a_wrong_archive_is_refused_and_not_kept(custom, mirror, sha256, earlier):
    custom(sha256="1" * 64)
    assert refuse() == (
        f"custom requires an archive with sha256 {'1' * 64}. Received: {'1' * 12}.tar.gz with sha256 {sha256}"
    )
    assert earlier()
    assert list(Path("data/downloads").iterdir()) == []


def test_another_archive_in_place_of_cifar10_is_refused(
    workspace, write_params, make_files, write_archive, monkeypatch
):
    write_archive(workspace / "cifar-10-binary.tar.gz", make_files())
    write_params(download={"dataset": "cifar10"})
    monkeypatch.setenv("CIFAR_MIRROR", str(workspace))
    assert refuse() == "data_batch_1.bin requires 30730000 bytes. Received: 30730 bytes"
    assert not list(workspace.glob("data/raw/*"))


def test_a_half_refused_archive_leaves_the_earlier_output(custom, workspace, make_files, write_archive, earlier):
    files = make_files()
    del files["test_batch.bin"]
    archive = workspace / "half.tar.gz"
    custom(archive.as_uri(), write_archive(archive, files))
    assert "Received: none named test_batch.bin" in refuse()
    assert earlier()


def test_class_names_come_from_the_archive_one_a_line(custom, workspace, make_files, write_archive):
    archive = workspace / "named.tar.gz"
    files = make_files() | {"batches.meta.txt": "fire truck\r\nmaple tree\n\ncafé\n".encode()}
    custom(archive.as_uri(), write_archive(archive, files))
    download(load_params())
    assert json.loads(Path("data/raw/custom/manifest.json").read_text())["classes"] == [
        "fire truck",
        "maple tree",
        "café",
    ]


@pytest.mark.parametrize(("content", "received"), [(None, "none"), (b"cat\ncat\n", "cat, cat")])
def test_class_names_are_there_and_distinct(content, received, custom, workspace, make_files, write_archive, earlier):
    files = make_files() | {"batches.meta.txt": content}
    if content is None:
        del files["batches.meta.txt"]
    archive = workspace / "named.tar.gz"
    custom(archive.as_uri(), write_archive(archive, files))
    message = refuse()
    assert message == f"the data set custom requires distinct class names in batches.meta.txt. Received: {received}"
    assert earlier()


def test_synthetic_data_has_the_required_digest(write_params):
    write_params(download=SYNTHETIC | {"sha256": "0" * 64})
    message = refuse()
    assert message.startswith(f"the data set synthetic requires sha256 {'0' * 64}. Received: ")
    assert not list(Path("data/raw").iterdir())
    write_params(download=SYNTHETIC | {"sha256": message[-64:]})
    download(load_params())
    manifest = json.loads(Path("data/raw/synthetic/manifest.json").read_text())
    lines = "".join(f"{file['sha256']}  {name}\n" for name, file in manifest["files"].items())
    assert manifest["sha256"] == hashlib.sha256(lines.encode()).hexdigest() == message[-64:]
    assert [file["bytes"] // 3073 for file in manifest["files"].values()] == [10] * 6
