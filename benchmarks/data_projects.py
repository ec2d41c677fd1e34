"""Folders in which the data stages run, on CIFAR-10 or on a made-up data set of any size."""

import io
import json
import os
import shutil
import sys
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ruamel.yaml import YAML

from benchmarks.processes import ROOT, Usage, add_up, measure_command
from pipeline.cifar.datasets import CIFAR10_CLASSES
from pipeline.cifar.layouts import FILE_LAYOUTS
from pipeline.digests import hash_file

DATA_STAGES = ("download", "preprocess", "tfrecords")
LAYOUT = FILE_LAYOUTS["cifar10"]
ARCHIVE = "cifar-10-binary.tar.gz"
RECORDS_AT_ONCE = 1000


class Project(NamedTuple):
    """A folder with parameters, and its archive."""

    folder: Path
    archive: Path
    made_up: bool

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which the stages find the archive."""
        return {"CIFAR_MIRROR": "" if self.made_up else str(self.archive.parent)}

    def run(self, *stages: str) -> Usage:
        """Run stages one after another, as DVC does; the peak is that of the largest."""
        commands = [[sys.executable, "-m", f"pipeline.stages.{stage}"] for stage in stages]
        return add_up([measure_command(command, self.folder, self.environment) for command in commands])

    def run_anew(self) -> Usage:
        """Run the data stages where nothing is yet."""
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        return self.run(*DATA_STAGES)


def find_project(folder: Path) -> Project:
    """CIFAR-10 itself, where $CIFAR_MIRROR is a folder that holds it, or a made-up data set of its size."""
    archive = Path(os.environ.get("CIFAR_MIRROR", ""), ARCHIVE).absolute()
    if not archive.is_file():
        return make_project(folder, 50_000, 10_000)
    write_params(folder)
    return Project(folder, archive, made_up=False)


def make_project(folder: Path, train_images: int, test_images: int) -> Project:
    """A made-up data set, with its archive beside the folder.

    Args:
        folder: is made.
        train_images: in all training files, a multiple of 50.
        test_images: a multiple of 10.
    """
    archive = folder.with_suffix(".tar.gz")
    sha256 = write_archive(archive, train_images, test_images)
    download = {"dataset": "custom", "layout": "cifar10", "url": archive.absolute().as_uri(), "sha256": sha256}
    write_params(folder, download=download)
    return Project(folder, archive, made_up=True)


def write_params(folder: Path, **sections: dict[str, Any]) -> None:
    """Write the recipe for CIFAR-10 on a CPU, some of whose sections are replaced."""
    folder.mkdir(exist_ok=True)
    shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")
    params = YAML(typ="safe").load(ROOT / "recipes/cifar10-cpu.yaml")
    (folder / "params.yaml").write_text(json.dumps(params | sections))  # JSON is YAML


def write_archive(archive: Path, train_images: int, test_images: int) -> str:
    """Write a made-up archive in CIFAR-10's layout and give its sha256."""
    random = np.random.default_rng(0)
    names = "".join(f"{name}\n" for name in CIFAR10_CLASSES).encode()
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        add_member(tar, LAYOUT.names_file, names)
        for name in LAYOUT.data_files:
            images = test_images if name in LAYOUT.test_files else train_images // len(LAYOUT.train_files)
            add_member(tar, name, draw_records(random, images))
    return hash_file(archive)


def add_member(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file to the layout's folder."""
    member = tarfile.TarInfo(f"{LAYOUT.folder}/{name}")
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def draw_records(random: np.random.Generator, images: int) -> bytes:
    """Records whose classes take turns, and whose random pixels compress as photographs do: by a tenth."""
    parts = []
    for start in range(0, images, RECORDS_AT_ONCE):
        count = min(RECORDS_AT_ONCE, images - start)
        rows = random.integers(0, 64, (4, count, LAYOUT.record_bytes), np.uint8).sum(axis=0, dtype=np.uint8)
        rows[:, 0] = np.arange(start, start + count) % len(CIFAR10_CLASSES)
        parts.append(rows.tobytes())
    return b"".join(parts)
