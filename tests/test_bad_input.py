"""Bad input ends a command with a status that is not 0 and one line, and leaves every output as it was.

With `-s` the table of all messages is printed, which docs/bad-inputs.md has.
"""

import contextlib
import os
import re
import shutil

import pytest

from tests.bad_inputs import ARCHIVE, BAD_INPUTS, PARAMS, param
from tests.forked_stages import start_stages
from tests.tiny_repository import NETWORK, ROOT, write_tiny_params

OUTPUTS = ("data/raw", "data/prepared", "data/tfrecords", "models", "history", "timing", "machine", "predictions",
           "masks", "details", "metrics", "reports", "taken")  # fmt: skip


@pytest.fixture(scope="module")
def stages():
    with start_stages() as process:
        yield process


@pytest.fixture(scope="module")
def template(stages, tmp_path_factory, make_files, write_archive):
    """A workspace in which all stages have run, on a data set of its own."""
    folder = tmp_path_factory.mktemp("template")
    for name in ("params.yaml", "pyproject.toml"):
        shutil.copyfile(ROOT / name, folder / name)
    write_tiny_params(folder / PARAMS)
    with contextlib.chdir(folder):
        sha256 = write_archive(ARCHIVE, make_files(images=20))
        url = "file://{workspace}/" + str(ARCHIVE)
        param("download", {"dataset": "custom", "layout": "cifar10", "url": url, "sha256": sha256})()
        param("tfrecords.images_per_shard", 100)()
    place(folder)
    for stage in ("download", "preprocess", "tfrecords", "train", "evaluate", "report"):
        end = stages.run(stage, folder)
        assert end.status == 0, end.stderr
    shutil.rmtree(folder / "checkpoints")
    return folder


def place(folder):
    """Say in the parameters where things are."""
    if (folder / PARAMS).exists():
        content = (folder / PARAMS).read_bytes()
        (folder / PARAMS).write_bytes(content.replace(b"{workspace}", str(folder).encode()))


def read_outputs(folder):
    files = [file for name in OUTPUTS for file in (folder / name).rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def outcomes(stages, template, tmp_path_factory):
    """For each case the end of its command, and the outputs before and after it."""
    parent = tmp_path_factory.mktemp("cases")
    outcomes = {}
    for number, bad in enumerate(BAD_INPUTS):
        folder = parent / str(number)
        shutil.copytree(template, folder)
        (folder / PARAMS).write_text((folder / PARAMS).read_text().replace(str(template), "{workspace}"))
        with contextlib.chdir(folder):
            bad.spoil()
        place(folder)
        before = read_outputs(folder)
        outcomes[bad.name] = (stages.run(bad.stage, folder), before, read_outputs(folder))
    return outcomes


@pytest.fixture(scope="module")
def documented():
    """The rows of the table of messages."""
    lines = (ROOT / "docs/bad-inputs.md").read_text().splitlines()
    return [line for line in lines if line.startswith("| ")][2:]


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=lambda bad: bad.name)
def test_bad_input_ends_with_a_status_and_one_line_and_outputs_stay(bad, outcomes, documented):
    end, before, after = outcomes[bad.name]
    errors = [line for line in end.stderr.splitlines() if line.startswith("error: ")]
    assert end.status in (1, os.EX_TEMPFAIL), end.stderr
    assert len(errors) == 1, end.stderr
    assert end.stderr.splitlines()[-1] == errors[0]
    assert "Traceback" not in end.stderr
    assert re.fullmatch(f"error: {bad.says}", errors[0]), errors[0]
    assert re.search(r"Received: .", errors[0])
    assert after == before
    shown = re.sub(r"/\S*/cases\d*/\d+|[0-9a-f]{12,}", "…", errors[0]).replace("|", "\\|")
    row = f"| {bad.stage} | {bad.name} | {end.status} | `{shown}` |"
    print(f"\n{row}", end="")
    # What was received may be told in a library's words.
    assert row.partition("Received: ")[0] in [line.partition("Received: ")[0] for line in documented]


def test_the_table_of_messages_has_all_cases_and_no_others(documented):
    assert [line.split(" | ")[:2] for line in documented] == [[f"| {bad.stage}", bad.name] for bad in BAD_INPUTS]


# By stage, a file that it writes.
WRITTEN = {
    "download": "data/raw/.custom.aside/data_batch_3.bin",
    "preprocess": "data/.prepared.aside/train-images.npy",
    "tfrecords": "data/.tfrecords.aside/index.json",
    "train": f"history/.{NETWORK}.csv.aside",
    "evaluate": f"predictions/.{NETWORK}.csv.aside",
    "report": ".reports.aside/report.md",
}


@pytest.fixture(scope="module")
def full_disks(template, tmp_path_factory):
    """Each stage in a workspace of its own, and how it ended where the disk has no room for one of its files."""
    folders = {stage: tmp_path_factory.mktemp("full") / stage for stage in WRITTEN}
    for folder in folders.values():
        shutil.copytree(template, folder)
    files = [folders[stage] / file for stage, file in WRITTEN.items()]
    # strace lets the system call fail as the kernel does on a full disk, for these files.
    places = [word for file in files for path in (file, file.with_name(f".{file.name}.aside")) for word in ("-P", path)]
    injected = ("-e", "trace=write", "-e", "inject=write:error=ENOSPC")
    strace = ("strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", *places, *injected)
    with start_stages(*strace) as stages:
        return {stage: (folder, stages.run(stage, folder)) for stage, folder in folders.items()}


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not there")
@pytest.mark.parametrize("stage", WRITTEN)
def test_a_full_disk_ends_a_stage_with_one_line_and_outputs_stay(stage, template, full_disks):
    folder, end = full_disks[stage]
    assert end.status == 1
    assert end.stderr.splitlines()[-1].startswith("error: the command requires files it can read and write. Received: ")
    assert "Traceback" not in end.stderr
    assert read_outputs(folder) == read_outputs(template)
    assert not list(folder.rglob("*.aside"))
