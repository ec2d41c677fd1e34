import json
import os
import shutil
from pathlib import Path

import pytest

from execution.open_clone import CLONES, open_clone
from execution.recorded_code import parse_lock
from experiments.experiment import RevisionFiles
from experiments.output_digests import hash_bytes, hash_output
from experiments.verifying.verification import (
    Finding,
    compare_output,
    count_broken,
    differ_in_kind,
    format_findings,
)
from flows import verify as command

FOLDERS = """
stages:
  all:
    cmd: mkdir -p cached/inner tracked && echo 1 > cached/one && echo 2 > cached/inner/two && echo 3 > tracked/three
    outs: [cached, tracked: {cache: false}]
"""
CHANGING = "date +%s%N > first.txt"  # another output each time


@pytest.fixture
def record(small_repository, head, parameters):
    """Record an experiment `mine` of the small repository."""

    def run(command="echo hello > first.txt"):
        with open_clone(small_repository.folder, head) as clone:
            stages = clone.prepare(parameters(command=command))
            for stage in stages:
                clone.run_stage(stage, print)
            clone.save_experiment("mine", stages[-1])
        return small_repository.folder

    return run


def test_a_folder_has_the_digest_that_dvc_gives_it(small_repository):
    folder = small_repository.folder / "many"
    for name in ("b", "a/b", "a-b", "a/c/ä", "a.b"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    small_repository.run("dvc", "add", "many")
    assert f"md5: {hash_output(folder)}\n" in (small_repository.folder / "many.dvc").read_text()


@pytest.mark.parametrize(("made", "status"), [("echo hello > first.txt", 0), (CHANGING, 1)])
def test_the_command_begins_from_no_checkpoint_and_ends_with_a_status(
    made, status, record, tmp_path, monkeypatch, capsys
):
    folder = record(f"{made}; echo $CHECKPOINT_DIR >> {tmp_path}/places")
    monkeypatch.setattr(command, "PROJECT", folder)
    monkeypatch.setattr("sys.argv", ["verify", "mine"])
    monkeypatch.setenv("CHECKPOINT_DIR", "kept")
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == status
    assert f"{4 - 4 * status} of 4 outputs are the same" in capsys.readouterr().out
    first, again = map(Path, (tmp_path / "places").read_text().split())
    assert first == folder / "checkpoints"
    assert again.is_relative_to(folder / CLONES)
    assert list((folder / CLONES).iterdir()) == []


@pytest.fixture
def compare(small_repository):
    """Compare what lies in the workspace with what is committed of an output, a folder that DVC or git keeps."""
    folder = small_repository.folder
    (folder / "dvc.yaml").write_text(FOLDERS)
    small_repository.run("dvc", "repro", "--quiet")
    small_repository.commit("folders")

    def run(output):
        digest = parse_lock((folder / "dvc.lock").read_bytes())[output]
        findings = compare_output(RevisionFiles(folder, "HEAD"), folder, output, digest)
        return {finding.name: finding.difference for finding in findings}

    return run


def replace(path, text):
    path.unlink()  # which nobody may write to
    path.write_text(text)


def test_folders_are_compared_file_by_file(compare, small_repository):
    assert compare("cached") == {"cached/inner/two": "", "cached/one": ""}
    assert compare("tracked") == {"tracked/three": ""}
    for name in ("cached/one", "tracked/three"):
        replace(small_repository.folder / name, "other\n")
    (small_repository.folder / "cached/inner/two").rename(small_repository.folder / "cached/new")
    assert compare("tracked") == {"tracked/three": "2 bytes → 6"}
    assert compare("cached") == {
        "cached/inner/two": "not made again",
        "cached/new": "not in the record",
        "cached/one": "2 bytes → 6",
    }


def test_a_damaged_file_of_the_cache_is_found_though_dvc_believes_it(compare, small_repository):
    digest = hash_bytes(b"1\n")
    replace(small_repository.folder / ".dvc/cache/files/md5" / digest[:2] / digest[2:], "9\n")
    damaged = f"the record's copy is damaged: it has not the md5 {digest}"
    assert compare("cached") == {"cached/inner/two": "", "cached/one": damaged}


def test_without_the_cache_and_the_keys_of_a_remote_the_records_digests_are_compared(
    compare, small_repository, monkeypatch
):
    folder, unknown = small_repository.folder, "another digest; the record's bytes are not in DVC's cache"
    replace(folder / "cached/one", "other\n")
    small_repository.run("dvc", "remote", "add", "--local", "--default", "storage", "s3://somewhere")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    for path in (folder / ".dvc/cache/files").rglob("*"):
        if path.is_file() and path.suffix != ".dir":
            path.unlink()
    assert compare("cached") == {"cached/inner/two": "", "cached/one": unknown}
    shutil.rmtree(folder / ".dvc/cache")
    shutil.rmtree(small_repository.env["DVC_SITE_CACHE_DIR"], ignore_errors=True)
    assert compare("cached") == {"cached": unknown}
    replace(folder / "cached/one", "1\n")
    assert compare("cached") == {"cached": ""}


def test_times_and_the_machine_are_not_promised():
    findings = [Finding(name, "1 → 2") for name in ("timing/a.json", "machine/a.json", "reports/report.md")]
    assert "no promise broken" in format_findings("mine", findings)
    broken = Finding("metrics/a.json", "1 → 2")
    assert "1 differ that must not" in format_findings("mine", [broken])
    other = [Finding("machine/a.json", "", other_kind=True)]
    assert "1 differ, made by another kind of machine" in format_findings("mine", [broken, *other])
    assert (count_broken([broken]), count_broken([broken, *other])) == (1, 0)
    faults = [Finding("a.json", "the record's copy is damaged: it has not the md5 1"), Finding("b", "not made again")]
    assert count_broken([broken, *faults, *other]) == 2
    assert "2 differ that must not" in format_findings("mine", [broken, *faults, *other])


def test_only_portable_kernels_make_the_same_bytes_on_another_machine():
    one = {"kernels": "portable", "device": "CPU", "libraries": {}, "cpu_flags": "avx2", "system": "Linux"}
    one |= {"gpu_driver": None, "environment": {}}
    native, other_cpu = {"kernels": "native"}, {"cpu_flags": "avx2 avx512f"}
    old = {key: value for key, value in one.items() if key != "kernels"}

    def differ(recorded, received):
        return differ_in_kind(*(json.dumps(machine).encode() for machine in (recorded, received)))

    assert not differ(one, one | other_cpu)
    assert not differ(one | native, one | native)
    assert differ(one | native, one | native | other_cpu)
    assert differ(one, one | native)
    assert differ(one, one | {"libraries": {"numpy": "3"}})
    assert differ(old, one)
    for damaged in (b"{", b"[1]", b"[" * 100_000, b'{"kernels": "portable"}'):  # which its comparison says
        assert not differ_in_kind(json.dumps(one).encode(), damaged)
        assert not differ_in_kind(damaged, json.dumps(one).encode())
