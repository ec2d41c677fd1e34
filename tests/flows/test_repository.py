import subprocess

import pytest

from flows.repository import (
    check_name,
    check_repository,
    describe_uncommitted,
    find_commit,
    list_committed,
    read_committed,
)
from pipeline.errors import InputError


def refusal(call, *arguments):
    with pytest.raises(InputError) as error:
        call(*arguments)
    assert " requires " in str(error.value)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_revision_is_resolved_to_a_commit(small_repository, head):
    folder = small_repository.folder
    small_repository.run("git", "tag", "v1")
    assert {find_commit(folder, revision) for revision in ("HEAD", "main", "v1", head[:8], head)} == {head}


@pytest.mark.parametrize("revision", ["nope", "", "HEAD:params.yaml", "--all", "HEAD~5"])
def test_what_is_no_commit_is_refused(small_repository, revision):
    message = refusal(find_commit, small_repository.folder, revision)
    assert message == f"commit requires a revision of {small_repository.folder}. Received: {revision}"


def test_what_is_not_committed_is_named(small_repository):
    folder = small_repository.folder
    assert describe_uncommitted(folder) == ""
    (folder / "dvc.yaml").write_text("stages: {}\n")
    (folder / "new.txt").touch()
    assert describe_uncommitted(folder) == "dvc.yaml, new.txt"
    assert describe_uncommitted(folder, names=1) == "dvc.yaml and 1 more"


def test_files_are_read_as_they_are_committed(small_repository, head):
    folder = small_repository.folder
    committed = (folder / "dvc.yaml").read_text()
    (folder / "dvc.yaml").unlink()
    assert read_committed(folder, head, "dvc.yaml") == committed
    assert "config" in list_committed(folder, head, ".dvc")


@pytest.mark.parametrize("name", ["main", "v1", "two words", "a..b", "ends.lock"])
def test_a_name_that_git_takes_or_refuses_is_no_experiments(small_repository, name):
    small_repository.run("git", "tag", "v1")
    refusal(check_name, small_repository.folder, name)
    check_name(small_repository.folder, "demo-arl")


def test_what_a_git_hook_sets_does_not_lead_astray(small_repository, head, tmp_path, monkeypatch):
    small_repository.run("git", "init", "--quiet", str(tmp_path / "other"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    assert find_commit(small_repository.folder, "HEAD") == head


def test_a_folder_without_git_is_refused(tmp_path):
    assert refusal(check_repository, tmp_path).endswith(f"Received: {tmp_path}, which has no .git")


def test_a_shallow_clone_is_refused_with_the_way_out(small_repository, tmp_path):
    author = ("-c", "user.name=somebody", "-c", "user.email=somebody@localhost")
    small_repository.run("git", *author, "commit", "--quiet", "--allow-empty", "--message=second")
    shallow = tmp_path / "shallow"
    small_repository.run("git", "clone", "--quiet", "--depth=1", f"file://{small_repository.folder}", str(shallow))
    assert "git fetch --unshallow" in refusal(check_repository, shallow)
    subprocess.run(["git", "-C", shallow, "fetch", "--quiet", "--unshallow"], check=True)
    check_repository(shallow)
