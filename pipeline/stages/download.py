"""Stage `download`: a data set's files, checked by digest, and a manifest of them in data/raw/<dataset>/."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.cifar.archives import read_members
from pipeline.cifar.datasets import CIFAR10, CIFAR100, ArchiveDataset
from pipeline.cifar.layouts import FILE_LAYOUTS, encode_records
from pipeline.cifar.sources import locate_archive
from pipeline.cifar.synthetic import CLASSES, draw_images
from pipeline.errors import InputError
from pipeline.locks import hold_lock
from pipeline.outputs import write_json, written_aside
from pipeline.settings.params import Params
from pipeline.settings.sections import CustomDownload, KnownDownload, SyntheticDownload
from pipeline.stages.command import run
from pipeline.stages.paths import RAW


def download(params: Params) -> None:
    """Take params.yaml's data set from its source and write data/raw/<dataset>/.

    A transfer goes to $DOWNLOAD_DIR, or data/downloads/, which is no output: one that breaks off is gone on with.
    """
    settings = params.download
    dataset = describe_dataset(settings)
    if isinstance(settings, SyntheticDownload):
        write_raw(dataset, draw_members(settings), settings.sha256)
        return
    source = locate_archive(dataset.url, os.environ.get("CIFAR_MIRROR"))
    if isinstance(source, Path):
        write_raw(dataset, read_members(source, dataset))
        return
    archive = Path(os.environ.get("DOWNLOAD_DIR", "data/downloads"), f"{dataset.archive_sha256[:12]}.tar.gz")
    with hold_lock(archive.with_suffix(".lock"), "another process that downloads the same archive"):
        if not archive.exists():
            # What it needs takes as long to import as all else here.
            from pipeline.cifar.downloads import download_archive

            download_archive(source, archive)
        try:
            write_raw(dataset, read_members(archive, dataset))
        except InputError:
            archive.unlink()  # what is wrong with it will be wrong again
            raise
        archive.unlink()


def describe_dataset(settings: SyntheticDownload | KnownDownload | CustomDownload) -> ArchiveDataset:
    """The data set that the parameters name."""
    if isinstance(settings, SyntheticDownload):
        return ArchiveDataset(settings.dataset, "cifar10", "", "", classes=CLASSES)
    if isinstance(settings, CustomDownload):
        return ArchiveDataset(settings.dataset, settings.layout, settings.url, settings.sha256)
    return CIFAR10 if settings.dataset == "cifar10" else CIFAR100


def draw_members(settings: SyntheticDownload) -> Iterator[tuple[str, Iterable[bytes]]]:
    """The synthetic data set as the files of the CIFAR-10 layout, each in one chunk."""
    layout = FILE_LAYOUTS["cifar10"]
    share = settings.train_images // len(layout.train_files)
    for stream, name in enumerate(layout.data_files):
        count = settings.test_images if name in layout.test_files else share
        yield name, [encode_records(*draw_images(count, stream))]


def write_raw(
    dataset: ArchiveDataset, members: Iterable[tuple[str, Iterable[bytes]]], required_digest: str | None = None
) -> None:
    """Write a data set's members and their manifest to data/raw/<name>/.

    The data set's digest is the sha256 of lines of each data file's sha256 and name, as `sha256sum` prints them.

    Raises:
        InputError: a member or the digest is not the required one, or no class names are known.
    """
    name, classes, shape = dataset.name, dataset.classes, FILE_LAYOUTS[dataset.layout]
    files = {}
    with written_aside(RAW / name) as folder:
        folder.mkdir()
        for member, chunks in members:
            if member == shape.names_file:
                lines = b"".join(chunks).decode("utf-8", "replace").splitlines()
                classes = classes or tuple(filter(None, map(str.strip, lines)))
            else:
                files[member] = write_chunks(folder / member, chunks)
        if not classes or len(set(classes)) < len(classes):
            received = ", ".join(classes) or "none"
            raise InputError(
                f"the data set {name} requires distinct class names in {shape.names_file}. Received: {received}"
            )
        listing = "".join(f"{files[member]['sha256']}  {member}\n" for member in shape.data_files)
        digest = hashlib.sha256(listing.encode()).hexdigest()
        if required_digest not in (None, digest):
            raise InputError(f"the data set {name} requires sha256 {required_digest}. Received: {digest}")
        ordered = {member: files[member] for member in shape.data_files}
        manifest = {"dataset": name, "layout": dataset.layout, "sha256": digest, "classes": classes, "files": ordered}
        write_json(folder / "manifest.json", manifest)
    print(f"{RAW / name}: {len(files)} files, {len(classes)} classes, sha256 {digest}")


def write_chunks(path: Path, chunks: Iterable[bytes]) -> dict:
    """Write a file; give its length and sha256 as the manifest has them."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
        return {"bytes": file.tell(), "sha256": digest.hexdigest()}


if __name__ == "__main__":
    run(download)
