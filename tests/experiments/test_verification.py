import json
import subprocess
from pathlib import Path

import pytest

from execution.clone import CLONES, open_clone
from experiments.output_digests import Recorded, find_cached, hash_output
from experiments.verification import Finding, differ_in_kind, format_findings, verify
from flows import verify as command
from pipeline.errors import InputError

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


def differences(findings):
    return {finding.name: finding.difference for finding in findings if finding.difference}


def test_a_run_that_gives_the_same_bytes_is_verified_and_was_really_run(record, tmp_path):
    folder = record(f"echo hello > first.txt; echo run >> {tmp_path}/runs")
    findings = verify(folder, "mine")
    assert [finding.name for finding in findings] == ["a.txt", "b.txt", "first.txt", "last.txt"]
    assert differences(findings) == {}
    assert (tmp_path / "runs").read_text() == "run\nrun\n"
    assert "mine: 4 of 4 outputs are the same to the byte; no promise broken." in format_findings("mine", findings)
    assert list((folder / CLONES).iterdir()) == []


def test_outputs_that_change_are_named(record):
    findings = verify(record(CHANGING), "mine")
    assert set(differences(findings)) == {"a.txt", "b.txt", "first.txt", "last.txt"}
    page = format_findings("mine", findings)
    assert "0 of 4 outputs are the same to the byte; 4 differ that must not." in page
    assert " of 20 bytes |" in page


def test_a_damaged_file_of_the_cache_is_found_though_dvc_believes_it(record, small_repository):
    folder = record()
    path = find_cached(hash_output_of("hello\n"), folder / ".dvc/cache")
    path.chmod(0o644)
    path.write_text("jello\n")
    path.chmod(0o444)
    small_repository.run("dvc", "checkout", "--force", check=False)
    found = differences(verify(folder, "mine"))
    assert found == dict.fromkeys(("first.txt", "last.txt"), f"the record's copy is damaged: {path}")


def hash_output_of(text):
    return subprocess.run(["md5sum"], input=text, check=True, capture_output=True, text=True).stdout.split()[0]


@pytest.mark.parametrize(("command", "expected"), [("echo hello > first.txt", 0), (CHANGING, 2)])
def test_without_the_cache_the_records_digests_are_compared(command, expected, record, small_repository):
    folder = record(command)
    small_repository.run("rm", "-rf", str(folder / ".dvc/cache"))
    found = differences(verify(folder, "mine"))
    cached = [found[name] for name in ("first.txt", "last.txt") if name in found]
    assert cached == ["another digest; the record's bytes are not in DVC's cache"] * expected


def test_a_folder_has_the_digest_that_dvc_gives_it(small_repository):
    folder = small_repository.folder / "many"
    for name in ("b", "a/b", "a-b", "a/c/ä", "a.b"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    small_repository.run("dvc", "add", "many")
    assert f"md5: {hash_output(folder)}\n" in (small_repository.folder / "many.dvc").read_text()


def test_what_is_no_run_is_refused(small_repository):
    with pytest.raises(InputError, match=r"requires the name of an experiment or a revision\. Received: nope"):
        verify(small_repository.folder, "nope")


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


def test_times_and_the_machine_are_not_promised():
    findings = [Finding(name, "1 → 2") for name in ("timing/a.json", "machine/a.json", "reports/report.md")]
    assert "no promise broken" in format_findings("mine", findings)
    broken = Finding("metrics/a.json", "1 → 2")
    assert "1 differ that must not" in format_findings("mine", [broken])
    other = [Finding("machine/a.json", "", other_kind=True)]
    assert "1 differ, made by another kind of machine" in format_findings("mine", [broken, *other])


def test_only_portable_kernels_make_the_same_bytes_on_another_machine(tmp_path):
    portable = {"kernels": "portable", "device": "CPU", "libraries": {}, "cpu_flags": "avx2", "system": "Linux"}
    portable |= {"gpu_driver": None, "environment": {}}
    paths = {}
    for name, changes in {
        "one": {},
        "other CPU": {"cpu_flags": "avx2 avx512f"},
        "native": {"kernels": "native"},
        "native, other CPU": {"kernels": "native", "cpu_flags": "avx2 avx512f"},
        "libraries": {"libraries": {"numpy": "3"}},
    }.items():
        paths[name] = tmp_path / name
        paths[name].write_text(json.dumps(portable | changes))
    paths["old"] = tmp_path / "old"
    paths["old"].write_text(json.dumps({name: value for name, value in portable.items() if name != "kernels"}))

    def differ(recorded, received):
        return differ_in_kind(Recorded("", paths[recorded]), paths[received])

    assert not differ("one", "other CPU")
    assert not differ("native", "native")
    assert differ("native", "native, other CPU")
    assert differ("one", "native")
    assert differ("one", "libraries")
    assert differ("old", "one")
