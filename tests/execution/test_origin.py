"""A bare repository as origin, over file:// and over HTTP with a password, and machines that have a folder each."""

import pytest

from execution.git import find_commit, name_reference, run_git
from execution.origin import bring_commit, list_experiments, push_reference
from execution.places import Places, UnreachableError
from pipeline.errors import InputError
from tests.git_server import PASSWORD, USER, make_git_handler


@pytest.fixture
def places(small_repository, tmp_path):
    """Of two machines, with the same origin."""
    small_repository.run("git", "clone", "--quiet", "--bare", ".", str(tmp_path / "origin.git"))
    return [Places(tmp_path / name, f"file://{tmp_path}/origin.git") for name in ("one", "two")]


def serve_origin(serve, folder, user=f"{USER}:{PASSWORD}@"):
    """Serve the folder's origin, and give its address."""
    return serve(make_git_handler(folder)).replace("://", f"://{user}") + "/origin.git"


def commit(repository, places, branch="main"):
    """Commit to the origin."""
    repository.commit("another")
    repository.run("git", "push", "--quiet", places.origin, f"HEAD:refs/heads/{branch}")
    return find_commit(repository.folder, "HEAD")


def test_head_is_the_origins_and_files_lie_in_the_folder(small_repository, places, head):
    one, _ = places
    bring_commit(one, "HEAD")
    assert find_commit(one.repository, "HEAD") == head
    assert (one.repository / "dvc.yaml").exists()
    (one.repository / "dvc.yaml").unlink()
    (one.repository / ".git/index.lock").touch()  # as a git that is killed leaves it
    newer = commit(small_repository, one)
    bring_commit(one, "HEAD")
    assert find_commit(one.repository, "HEAD") == newer
    assert (one.repository / "dvc.yaml").exists()


def test_branches_come_and_go_and_a_known_commit_is_not_asked_for(small_repository, places, tmp_path):
    one, _ = places
    newer = commit(small_repository, one, "side")
    bring_commit(one, newer)
    assert find_commit(one.repository, "side") == newer
    small_repository.run("git", "push", "--quiet", one.origin, ":side")
    commit(small_repository, one, "side/way")
    bring_commit(one, "side/way")
    (tmp_path / "origin.git").rename(tmp_path / "moved.git")
    bring_commit(one, newer)
    with pytest.raises(UnreachableError, match=r"git fetch requires a repository that it can use\. Received: "):
        bring_commit(one, "HEAD")


def test_experiments_of_one_machine_reach_another_and_those_not_pushed_stay(places, head):
    one, two = places
    for machine in places:
        bring_commit(machine, "HEAD")
    pushed, kept = (name_reference(head, name) for name in ("mine", "other"))
    for reference in (pushed, kept):
        run_git(one.repository, "update-ref", reference, head)
    assert list_experiments(two) == {}
    push_reference(one, pushed)
    assert list_experiments(two) == {"mine": [head]}
    for machine in places:
        bring_commit(machine, "HEAD")
    assert find_commit(two.repository, pushed) == find_commit(one.repository, kept) == head


def test_where_there_is_no_origin_nothing_is_fetched_or_pushed(small_repository, head):
    places = Places(small_repository.folder)
    reference = name_reference(head, "mine")
    small_repository.run("git", "update-ref", reference, head)
    bring_commit(places, "HEAD")
    push_reference(places, reference)
    assert list_experiments(places) == {"mine": [head]}


def test_a_folder_with_other_things_is_left_alone(places, small_repository):
    mine = places[0]._replace(repository=small_repository.folder)
    with pytest.raises(InputError, match=f"RUNS_DIR requires an empty folder.* Received: {small_repository.folder}$"):
        bring_commit(mine, "HEAD")


def test_a_mirror_may_lie_in_another_repository_that_has_the_commit(places, small_repository, head):
    inner = places[0]._replace(repository=small_repository.folder / "mirror")
    inner.repository.mkdir()
    bring_commit(inner, head)
    assert find_commit(inner.repository, "HEAD") == head
    assert (inner.repository / ".git").exists()


def test_a_password_in_the_address_is_in_no_file_no_reference_and_no_message(small_repository, serve, head, tmp_path):
    small_repository.run("git", "clone", "--quiet", "--bare", ".", str(tmp_path / "origin.git"))
    one = Places(tmp_path / "one", serve_origin(serve, tmp_path))
    bring_commit(one, "HEAD")
    reference = name_reference(head, "mine")
    run_git(one.repository, "update-ref", reference, head)
    push_reference(one, reference)
    assert list_experiments(one) == {"mine": [head]}
    for wrong in (one.origin.replace(PASSWORD, f"{PASSWORD}1"), f"http://{USER}:{PASSWORD}@127.0.0.1:9/origin.git"):
        with pytest.raises(UnreachableError) as error:
            bring_commit(one._replace(origin=wrong), "HEAD")
        assert PASSWORD not in str(error.value)
        assert "127.0.0.1" in str(error.value)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]
    assert PASSWORD not in run_git(one.repository, "for-each-ref")


def test_a_password_comes_from_git_askpass(small_repository, serve, head, tmp_path, monkeypatch):
    small_repository.run("git", "clone", "--quiet", "--bare", ".", str(tmp_path / "origin.git"))
    askpass = tmp_path / "askpass"
    askpass.write_text(f"#!/bin/sh\necho {PASSWORD}\n")
    askpass.chmod(0o700)
    monkeypatch.setenv("GIT_ASKPASS", str(askpass))
    bring_commit(Places(tmp_path / "one", serve_origin(serve, tmp_path, f"{USER}@")), head)
    assert find_commit(tmp_path / "one", "HEAD") == head
