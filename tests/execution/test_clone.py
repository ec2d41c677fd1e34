"""Clones of a small repository: real git and DVC, stages that take no time."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from dvc.repo import Repo

from execution import processes
from execution.dvc_client import DvcError, DvcSession
from execution.git import find_commit, name_reference
from execution.guard import RUN_ID, find_processes
from execution.open_clone import CLONES, open_clone
from tests.tiny_repository import ROOT, wait_until

# Two processes that do not end when asked to, one of them in a session of its own.
STUBBORN = (
    "trap '' TERM; setsid sh -c 'trap \"\" TERM; echo ready; while true; do sleep 1; done' & "
    "while true; do sleep 1; done"
)


def clones(repository):
    return list((repository.folder / CLONES).iterdir())


def run_all(clone, parameters, show=print):
    stages = clone.prepare(parameters)
    for stage in stages:
        clone.run_stage(stage, show)
    return stages


def test_an_experiment_is_recorded_in_the_repository_and_its_files_stay(small_repository, head, parameters):
    before = {process.pid for process in psutil.Process().children()}
    with open_clone(small_repository.folder, head) as clone:
        stages = run_all(clone, parameters(command="echo other > first.txt"))
        clone.save_experiment("mine", stages[-1])
        folder = str(clone.folder)
    assert find_processes(folder) == []
    assert clones(small_repository) == []
    assert {process.pid for process in psutil.Process().children()} <= before
    assert "mine" in small_repository.run("dvc", "exp", "list", "--name-only")
    reference = small_repository.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").strip()
    assert small_repository.run("git", "show", f"{reference}:a.txt") == "other\n"
    assert "other" in small_repository.run("git", "show", f"{reference}:params.yaml")
    assert small_repository.run("git", "status", "--porcelain") == ""
    assert not (small_repository.folder / "first.txt").exists()


def test_an_experiment_replaces_one_of_its_name_and_has_the_users_identity_if_any(small_repository, head, parameters):
    authors = []
    for name in ("", "somebody"):
        if name:
            small_repository.run("git", "config", "--global", "user.name", name)
            small_repository.run("git", "config", "--global", "user.email", "somebody@localhost")
        with open_clone(small_repository.folder, head) as clone:
            stages = run_all(clone, parameters())
            clone.save_experiment("mine", stages[-1])
        reference = small_repository.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").strip()
        authors.append(small_repository.run("git", "log", "-1", "--format=%an", reference).strip())
    assert authors == ["Residual Attention pipeline", "somebody"]


def test_an_experiment_with_stages_out_of_date_is_refused(small_repository, head, parameters):
    with open_clone(small_repository.folder, head) as clone:
        stages = clone.prepare(parameters())
        with pytest.raises(DvcError, match=r"requires stages that are up to date\. Received: .*first"):
            clone.save_experiment("mine", stages[-1])
    assert small_repository.run("git", "for-each-ref", "refs/exps") == ""


FAILING = "echo before; echo https://me:token@host/path; echo 'the reason' >&2; exit 3"


def test_a_failed_stage_shows_its_last_lines_without_credentials_and_the_session_goes_on(
    small_repository, head, parameters
):
    printed = []
    with open_clone(small_repository.folder, head) as clone:
        with pytest.raises(DvcError) as error:
            run_all(clone, parameters(command=FAILING), printed.append)
        run_all(clone, parameters())
    assert "dvc repro --single-item first failed" in str(error.value)
    assert "the reason\n" in str(error.value)
    assert "exited with 3" in str(error.value)
    assert "https://…@host/path" in printed
    assert "me:token" not in str(error.value)


@pytest.mark.parametrize(("container", "guards"), [("", 1), ("1", 0)])
def test_an_exception_ends_processes_that_do_not_want_to(
    small_repository, head, parameters, monkeypatch, container, guards
):
    monkeypatch.setenv("RUNS_CONTAINER", container)
    folders = []

    def interrupt(line):
        if line == "ready":
            raise KeyboardInterrupt

    def run_until_ready():
        with open_clone(small_repository.folder, head) as clone:
            folders.append(str(clone.folder))
            assert sum("guard.py" in " ".join(child.cmdline()) for child in psutil.Process().children()) == guards
            clone.prepare(parameters(command=STUBBORN))
            clone.run_stage("first", show=interrupt)

    with pytest.raises(KeyboardInterrupt):
        run_until_ready()
    assert find_processes(folders[0]) == []
    assert clones(small_repository) == []


OWNER = """
import sys
from pathlib import Path
from execution.open_clone import open_clone
repository, commit, parameters = sys.argv[1:]
with open_clone(Path(repository), commit) as clone:
    clone.prepare(parameters)
    clone.run_stage("first", show=lambda line: print(clone.folder, line, flush=True))
"""


@pytest.fixture
def owner(small_repository, head, parameters):
    """A process that is at a stubborn stage, and its clone's folder."""
    command = [sys.executable, "-c", OWNER, small_repository.folder, head, parameters(command=STUBBORN)]
    owner = subprocess.Popen(command, cwd=ROOT, env=small_repository.env, stdout=subprocess.PIPE, text=True)
    with owner.stdout:
        try:
            folder = next(line.split()[0] for line in owner.stdout if line.endswith(" ready\n"))
            assert len(find_processes(folder)) >= 3
            yield owner, folder
        finally:
            owner.kill()
            owner.wait()


def test_nothing_is_left_when_the_flows_process_is_killed(small_repository, owner):
    process, folder = owner
    process.kill()
    process.wait(10)
    wait_until(lambda: not find_processes(folder) and not clones(small_repository))


def test_what_is_left_when_its_guard_is_killed_too_ends_with_the_next_clone(small_repository, head, owner, capsys):
    process, folder = owner
    for child in psutil.Process(process.pid).children():
        if "guard.py" in " ".join(child.cmdline()):
            child.kill()
    process.kill()
    process.wait(10)
    assert find_processes(folder)
    with open_clone(small_repository.folder, head) as clone:
        assert clones(small_repository) == [clone.folder]
        assert not find_processes(folder)
    assert f"removed {folder}" in capsys.readouterr().err


def test_checkpoints_and_logs_go_to_the_repository_and_a_mirror_keeps_its_place(
    small_repository, head, parameters, monkeypatch
):
    monkeypatch.setenv("CIFAR_MIRROR", "mirror")
    monkeypatch.setenv("LOG_DIR", "elsewhere")
    monkeypatch.chdir(small_repository.folder)
    printed = []
    command = "echo [$CHECKPOINT_DIR] [$LOG_DIR] [$CIFAR_MIRROR]; touch first.txt"
    with open_clone(small_repository.folder, head) as clone:
        clone.prepare(parameters(command=command))
        clone.run_stage("first", show=printed.append)
    folder = small_repository.folder
    assert f"[{folder}/checkpoints] [{folder}/elsewhere] [{folder}/mirror]" in printed


ROLES = ("AUTHOR", "COMMITTER")
MODULE = "import pathlib; print(pathlib.Path(__file__).parent)"


def test_a_stage_runs_the_clones_code_in_its_own_places_and_knows_no_keys(
    small_repository, head, parameters, monkeypatch, tmp_path
):
    (small_repository.folder / "told.py").write_text(MODULE)
    small_repository.env |= {f"GIT_{role}_{key}": "nobody" for role in ROLES for key in ("NAME", "EMAIL")}
    small_repository.commit("a module")
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    monkeypatch.setenv("PYTHONPATH", str(small_repository.folder))
    keys = ("AWS_SECRET_ACCESS_KEY", "PREFECT_API_KEY", "AZURE_X", "GOOGLE_X", "HF_TOKEN", "REMOTE_PASSWORD")
    agents = ("GIT_ASKPASS", "GIT_SSH_COMMAND", "SSH_AUTH_SOCK", "DOCKER_AUTH_CONFIG", "KRB5CCNAME")
    for name in (*keys, *agents, "RUNS_ORIGIN", "RUNS_REMOTE"):
        monkeypatch.setenv(name, "secret")
    for name, value in {"COUNT": "1", "KEY_0": "http.extraHeader", "VALUE_0": "secret"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    monkeypatch.setenv(RUN_ID, "the run")
    small_repository.run("dvc", "remote", "add", "--local", "storage", "s3://somewhere")
    small_repository.run("dvc", "remote", "modify", "--local", "storage", "secret_access_key", "secret")
    small_repository.run("dvc", "config", "--local", "studio.token", "secret")
    printed = []
    command = f"python -m told; mktemp; env > {tmp_path}/env; touch first.txt"
    with open_clone(small_repository.folder, "HEAD") as clone:
        assert "secret" not in (clone.folder / ".dvc/config.local").read_text()
        clone.prepare(parameters(command=command))
        clone.run_stage("first", show=printed.append)
        assert str(clone.folder) in printed
        assert any(line.startswith(f"{clone.folder}/.dvc/tmp/") for line in printed)
    assert "secret" not in (tmp_path / "env").read_text()
    assert f"{RUN_ID}=the run\n" in (tmp_path / "env").read_text()


def test_dvcs_own_files_of_a_clone_are_in_it(small_repository, head, monkeypatch):
    monkeypatch.delenv("DVC_SITE_CACHE_DIR")
    with open_clone(small_repository.folder, head) as clone, Repo(str(clone.folder)) as repo:
        assert Path(repo.site_cache_dir).is_relative_to(clone.folder)


def test_a_reader_of_lines_that_fails_leaves_the_session_in_step(small_repository, head, parameters):
    def fail(line):
        raise ValueError(line)

    with open_clone(small_repository.folder, head) as clone:
        stages = clone.prepare(parameters(command="echo one; echo two; echo hello > first.txt"))
        with pytest.raises(ValueError, match="Running stage 'first'"):
            clone.run_stage("first", fail)
        printed = []
        clone.dvc.run("root", show=printed.append)
        assert printed == ["."]
        run_all(clone, parameters(command="echo one; echo two; echo hello > first.txt"))
        clone.save_experiment("mine", stages[-1])


def test_a_push_that_failed_can_be_tried_again(small_repository, head, parameters):
    with open_clone(small_repository.folder, head) as clone:
        stages = run_all(clone, parameters())
        lock = small_repository.folder / ".git" / f"{name_reference(head, 'mine')}.lock"
        lock.parent.mkdir(parents=True)
        lock.touch()
        with pytest.raises(DvcError, match="dvc exp push "):
            clone.save_experiment("mine", stages[-1])
        lock.unlink()
        revision = clone.save_experiment("mine", stages[-1])
    assert find_commit(small_repository.folder, name_reference(head, "mine")) == revision


TALKING = """
import os, sys
os.write(1, b"one\\r  \\rzw\\xc3")
input()
os.write(1, b"\\xb6\\n\\nthree\\n\\0000\\n")
input()
os.write(1, b"the reason")
"""


def test_lines_end_with_carriage_returns_too_and_the_last_ones_of_a_process_that_ends_are_told(tmp_path, monkeypatch):
    (tmp_path / "talking.py").write_text(TALKING)
    monkeypatch.setattr(processes, "__file__", str(tmp_path / "processes.py"))
    process = processes.start_script("talking.py", cwd=tmp_path)
    session = DvcSession(process)
    shown = []
    session.run("first", show=shown.append)
    assert shown == ["one", "zwö", "three"]
    with pytest.raises(DvcError, match=r"dvc second failed; its last lines:\nthe reason\nits process has ended$"):
        session.run("second")
    process.stdin.close()
    process.stdout.close()
    process.wait()
