"""A DVC remote in a folder, and machines with a cache each."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from dvc.repo import Repo
from dvc.stage.cache import _get_stage_hash

from execution.git import name_reference, run_git
from execution.open_clone import open_clone
from execution.origin import bring_commit, list_experiments, push_reference
from execution.places import Places, UnreachableError


def test_what_one_machine_has_run_another_takes_and_the_experiment_is_at_the_origin(machines, run, tmp_path):
    one, two = machines
    assert sorted(run(one)) == ["each@a", "each@b", "first", "last"]
    assert run(two) == []
    assert (tmp_path / "told").read_text() == "run\n"
    (revision,) = list_experiments(two)["mine"]
    assert run(two, names=["a", "c"]) == ["each@c"]
    assert list_experiments(one)["mine"] != [revision]


def test_machines_that_push_at_the_same_moment_both_succeed(machines, head, parameters):
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        clones = []
        for places in machines:
            bring_commit(places, head)
            clones.append(stack.enter_context(open_clone(places.repository, head, remote=places.remote)))
            stages = clones[-1].prepare(parameters())
            clones[-1].dvc.run("repro")
        for stage in stages:
            list(pool.map(lambda clone, stage=stage: clone.push_stage(stage), clones))
        references = [name_reference(head, name) for name in ("mine", "other")]
        for places, reference in zip(machines, references, strict=True):
            run_git(places.repository, "update-ref", reference, head)
        list(pool.map(push_reference, machines, references))
    assert list_experiments(machines[0]) == {"mine": [head], "other": [head]}


def test_without_an_origin_a_run_is_recorded_when_the_remote_has_its_outputs(run, small_repository, tmp_path):
    here = Places(small_repository.folder, remote=str(tmp_path / "remote/in"))
    (tmp_path / "remote").touch()  # no folder
    with pytest.raises(UnreachableError, match="the same run again pushes them") as error:
        run(here)
    assert "\n" not in str(error.value)
    assert list_experiments(here) == {}
    (tmp_path / "remote").unlink()
    assert run(here) == []
    assert list(list_experiments(here)) == ["mine"]


def test_what_a_machine_has_pushed_before_it_died_is_not_run_again(machines, run):
    one, two = machines

    def die(stage):
        if stage == "last":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(one, watch=die)
    shutil.rmtree(one.repository)
    assert "first" not in run(two)


def test_what_dvc_lock_says_is_taken_where_the_run_cache_does_not_have_it(machines, run, tmp_path):
    one, two = machines
    run(one)
    (revision,) = list_experiments(one)["mine"]
    (tmp_path / "remote/runs").rename(tmp_path / "elsewhere")
    bring_commit(two, "HEAD")
    with open_clone(two.repository, revision, remote=two.remote) as clone:
        for stage in clone.prepare((clone.folder / "params.yaml").read_text()):
            clone.ask_remote("take", stage)
        printed = []
        clone.dvc.run("status", show=printed.append)
    assert printed == ["Data and pipelines are up to date."]


def test_a_checkpoint_is_taken_where_the_remote_does_not_have_what_dvc_lock_says(machines, run, tmp_path):
    one, two = machines
    run(one)
    (revision,) = list_experiments(one)["mine"]
    shutil.rmtree(tmp_path / "remote")
    file = tmp_path / "mine/training/step-1.checkpoint"
    file.parent.mkdir(parents=True)
    file.touch()
    bring_commit(two, "HEAD")
    for places, request in ((one, ("keep", "first", file)), (two, ("take", "first", tmp_path / "others"))):
        with open_clone(places.repository, revision, remote=places.remote) as clone:
            clone.prepare((clone.folder / "params.yaml").read_text())
            clone.ask_remote(*request)
    assert (tmp_path / "others/training/step-1.checkpoint").exists()


def test_dvcs_private_digest_of_a_stage_is_the_name_that_its_run_cache_has_for_it(small_repository, head, parameters):
    """If it fails, DVC has changed: `execution.remote_server` does not find stages in the run cache any more."""
    with open_clone(small_repository.folder, head) as clone:
        clone.prepare(parameters())
        clone.run_stage("first", print)
        with Repo(str(clone.folder)) as repo:
            (stage,) = (found for found in repo.index.stages if found.name == "first")
            key = _get_stage_hash(stage)
    assert (small_repository.folder / ".dvc/cache/runs" / key[:2] / key).is_dir()


def test_a_password_in_the_remotes_address_is_in_no_file_no_message_and_no_stage(machines, head, parameters, tmp_path):
    one, address = machines[0], "http://me:pa55word@127.0.0.1:9/remote"
    bring_commit(one, head)
    with open_clone(one.repository, head, remote=address) as clone:
        clone.prepare(parameters(command=f"env > {tmp_path}/env; echo hello > first.txt"))
        clone.dvc.run("repro", "first")
        with pytest.raises(UnreachableError) as error:
            clone.push_stage("first")
        assert "1 of 1 files are not taken" in str(error.value)
        assert "pa55word" not in str(error.value)
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert not [path for path in files if b"pa55word" in path.read_bytes()]
