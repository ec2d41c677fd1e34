import shutil
import subprocess

import pytest

from execution.git import (
    check_name,
    check_repository,
    describe_uncommitted,
    find_commit,
    list_committed,
    list_recipes,
    read_committed,
    run_git,
)
from execution.open_clone import open_clone
from execution.plan import plan_run
from tests.refusals import refusal


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


def test_a_look_at_the_status_writes_nothing(small_repository):
    (small_repository.folder / "params.yaml").touch()  # the index is to be refreshed
    index = small_repository.folder / ".git/index"
    before = index.stat()
    assert describe_uncommitted(small_repository.folder) == ""
    assert index.stat() == before


def test_what_git_says_of_an_address_has_no_credentials(small_repository):
    address = "https://somebody:token@localhost/nowhere"
    assert "https://…@localhost/nowhere" in refusal(run_git, small_repository.folder, "checkout", address)


def test_files_are_read_as_they_are_committed(small_repository, head):
    folder = small_repository.folder
    committed = (folder / "dvc.yaml").read_text()
    (folder / "dvc.yaml").unlink()
    assert read_committed(folder, head, "dvc.yaml") == committed
    assert "config" in list_committed(folder, head, ".dvc")


def test_a_recipe_may_have_a_name_in_any_script(small_repository):
    path = small_repository.folder / "recipes/größe.yaml"
    path.parent.mkdir()
    path.touch()
    assert describe_uncommitted(small_repository.folder) == "recipes/"
    small_repository.commit("a recipe")
    assert list_recipes(small_repository.folder, "HEAD") == ["größe"]
    path.write_text("changed")
    assert describe_uncommitted(small_repository.folder) == "recipes/größe.yaml"


@pytest.mark.parametrize("name", ["main", "v1", "two words", "a..b", "ends.lock"])
def test_a_name_that_git_takes_or_refuses_is_no_experiments(small_repository, name):
    small_repository.run("git", "tag", "v1")
    small_repository.run("git", "branch", "demo-arl/of-mine")
    refusal(check_name, small_repository.folder, name)
    check_name(small_repository.folder, "demo-arl")


def test_a_file_that_is_no_text_is_refused(small_repository):
    (small_repository.folder / "recipe.yaml").write_bytes("# café\n".encode("latin-1"))
    small_repository.commit("in another encoding")
    message = refusal(read_committed, small_repository.folder, "HEAD", "recipe.yaml")
    assert message.startswith("git show HEAD:recipe.yaml requires text in UTF-8. Received: ")


def test_what_a_git_hook_sets_does_not_lead_astray(small_repository, head, tmp_path, monkeypatch):
    small_repository.run("git", "init", "--quiet", str(tmp_path / "other"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    assert find_commit(small_repository.folder, "HEAD") == head


def clone(repository, *options):
    """A clone of another kind than the flows make."""
    folder = repository.folder.with_name("clone")
    repository.run("git", "clone", "--quiet", *options, f"file://{repository.folder}", str(folder))
    return folder


def make_bare(repository, monkeypatch):
    return clone(repository, "--bare")


def make_shallow(repository, monkeypatch):
    repository.commit("second")
    return clone(repository, "--depth=1")


def remove_history(repository, monkeypatch):
    shutil.rmtree(repository.folder / ".git")
    return repository.folder


def begin_history(repository, monkeypatch):
    remove_history(repository, monkeypatch)
    repository.run("git", "init", "--quiet")
    return repository.folder


def uninstall_git(repository, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    return repository.folder


def install_old_git(repository, monkeypatch):
    program = repository.folder / "git"
    program.write_text("#!/bin/sh\necho git version 2.30.2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(repository.folder))
    return repository.folder


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (make_bare, "a flow requires a git work tree. Received: {folder}, which has no .git"),
        (
            make_shallow,
            "a flow requires a full clone, as DVC's experiments do. Received: a shallow one, {folder}; "
            "`git fetch --unshallow` completes it",
        ),
        (remove_history, "a flow requires a git work tree. Received: {folder}, which has no .git"),
        (begin_history, "commit requires a revision of {folder}. Received: HEAD"),
        (uninstall_git, "a flow requires git on the PATH. Received: none in /nowhere"),
        (install_old_git, "a flow requires git 2.31 or later. Received: git version 2.30.2"),
    ],
)
def test_a_repository_that_no_run_can_be_made_from_is_refused(small_repository, monkeypatch, change, expected):
    folder = change(small_repository, monkeypatch)
    assert refusal(plan_run, folder, "demo", "arl") == expected.format(folder=folder)


def test_a_partial_clone_is_refused_where_it_lacks_files_and_completed_as_that_says(small_repository, head):
    (small_repository.folder / "dvc.yaml").write_text("stages: {}\n")
    small_repository.commit("second")
    small_repository.run("git", "config", "uploadpack.allowFilter", "true")
    partial = clone(small_repository, "--filter=blob:none")
    message = refusal(open_clone(partial, head).__enter__)
    assert message.startswith(f"a run requires a repository with all files of {head}. Received: {partial}, a partial")
    command = message.split("`")[1]
    subprocess.run(command, shell=True, cwd=partial, check=True, capture_output=True)
    with open_clone(partial, head) as complete:
        assert (complete.folder / "dvc.yaml").exists()


def test_a_shallow_clone_that_was_completed_will_do(small_repository, monkeypatch):
    shallow = make_shallow(small_repository, monkeypatch)
    subprocess.run(["git", "-C", shallow, "fetch", "--quiet", "--unshallow"], check=True)
    check_repository(shallow)


def test_a_detached_head_and_a_work_tree_beside_the_first_will_do(small_repository, head):
    small_repository.run("git", "checkout", "--quiet", "--detach")
    small_repository.run("git", "worktree", "add", "--quiet", "--detach", "../beside")
    for folder in (small_repository.folder, small_repository.folder.with_name("beside")):
        check_repository(folder)
        with open_clone(folder, find_commit(folder, "HEAD")) as clone:
            assert find_commit(clone.folder, "HEAD") == head
