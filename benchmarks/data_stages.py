"""The three data stages on CIFAR-10's 60,000 images, against reading and writing them, and TensorFlow Datasets."""

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.data_projects import DATA_STAGES, Project, find_project
from benchmarks.measurement import Row, Section, Target
from benchmarks.processes import ROOT, Usage, choose, measure_command, measure_in_turn, project_environment, run_module

FLOOR = "`gzip -dc`, `tee` to a file, `sha256sum`"
TFDS = "TensorFlow Datasets, `download_and_prepare`"
TFDS_SCRIPT = ROOT / "benchmarks/references/tfds_cifar10.py"
TFDS_LOCK = ROOT / "benchmarks/requirements-tfds.lock"
TFDS_ENVIRONMENT = ROOT / ".venv-tfds"
FLOOR_ROUNDS, TFDS_ROUNDS = 5, 3
PROFILED = 6  # functions of each stage
PLACE = re.compile(r"/\S*/(?=[^/\s]+:\d+)")  # folders of this machine


def measure() -> Section:
    """Whole processes in turn, after one run of each that does not count."""
    with tempfile.TemporaryDirectory() as folder:
        project = find_project(Path(folder, "project"))
        name = "data stages, " + ("60,000 made-up images" if project.made_up else "CIFAR-10")
        project.run_anew(), run_floor(project)
        pairs = measure_in_turn(FLOOR_ROUNDS, project.run_anew, lambda: run_floor(project))
        rows = [Row(name, "s", FLOOR, choose("seconds", pairs), Target("ratio", "≤", 3))]
        peaks = [(ours.peak_gigabytes, 0.0) for ours, _ in pairs]
        if python := None if project.made_up else make_tfds_environment():
            run_tfds(python, project)
            pairs = measure_in_turn(TFDS_ROUNDS, project.run_anew, lambda: run_tfds(python, project))
            rows.append(Row(name, "s", TFDS, choose("seconds", pairs), Target("ratio", "≤", 0.2)))
            peaks = choose("peak_gigabytes", pairs)
        rows.append(Row(f"peak memory of {name}", "GB", TFDS if python else "", peaks, Target("ours", "≤", 1)))
        return Section(rows, profile_stages(name, project))


def run_floor(project: Project) -> Usage:
    """What cannot be saved: to decompress the archive, to hash its content and to write it once."""
    archive, file = shlex.quote(str(project.archive)), project.folder / "floor.tar"
    file.unlink(missing_ok=True)
    return measure_command(["sh", "-c", f"gzip -dc {archive} | tee floor.tar | sha256sum"], project.folder)


def run_tfds(python: Path, project: Project) -> Usage:
    """TensorFlow Datasets on the same archive, into an empty folder."""
    output = project.folder / "tfds"
    shutil.rmtree(output, ignore_errors=True)
    return measure_command([str(python), str(TFDS_SCRIPT), str(project.archive), str(output)], project.folder)


def make_tfds_environment() -> Path | None:
    """TensorFlow Datasets' own Python, installed where it is not yet; None, and a line that says so, if that fails."""
    python, mark = TFDS_ENVIRONMENT / "bin/python", TFDS_ENVIRONMENT / TFDS_LOCK.name
    if mark.exists() and mark.read_bytes() == TFDS_LOCK.read_bytes():
        return python
    make = ["uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(TFDS_ENVIRONMENT)]
    sync = ["uv", "pip", "sync", "--quiet", "--python", str(python), "--require-hashes", "--compile-bytecode"]
    env = project_environment()
    for command in (make, [*sync, str(TFDS_LOCK)]):
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = " ".join(done.stderr.split())
            print(f"without TensorFlow Datasets, which could not be installed: {reason[:300]}")
            return None
    shutil.copyfile(TFDS_LOCK, mark)
    return python


def profile_stages(name: str, project: Project) -> str:
    """The functions in which each stage spends most."""
    shutil.rmtree(project.folder / "data")
    command = ("cProfile", "-s", "tottime", "-m")
    parts = [f"## Where the time goes: {name}", "By Python's profiler, which slows down small calls."]
    for stage in DATA_STAGES:
        printed = run_module(*command, f"pipeline.stages.{stage}", cwd=project.folder, env=project.environment)
        _, head, rows = printed.partition("   ncalls")
        shown = "\n".join(f"{head}{rows}".splitlines()[: PROFILED + 1])
        parts.append(f"`{stage}`:\n\n```\n{PLACE.sub('', shown)}\n```")
    return "\n\n".join(parts)
