import pytest

from execution.git import find_commit, name_reference
from execution.plan import plan_run
from pipeline.errors import InputError
from tests.tiny_repository import ROOT


@pytest.fixture
def repository(small_repository):
    """With the recipe `demo`."""
    recipe = small_repository.folder / "recipes/demo.yaml"
    recipe.parent.mkdir()
    recipe.write_text((ROOT / "recipes/demo.yaml").read_text())
    small_repository.commit("a recipe")
    return small_repository


def record(repository, name, params):
    """Record parameters as an experiment of HEAD, and leave HEAD as it is."""
    head = find_commit(repository.folder, "HEAD")
    (repository.folder / "params.yaml").write_text(params)
    repository.commit("an experiment")
    repository.run("git", "update-ref", name_reference(head, name), "HEAD")
    repository.run("git", "reset", "--quiet", "--hard", head)


def test_an_experiment_is_replaced_by_one_of_the_same_parameters_only(repository):
    plan = plan_run(repository.folder, "demo", "nal", overrides={"train.weight_decay": 3e-3})
    record(repository, plan.experiment, plan.params.replace("weight_decay: 0.003", "weight_decay: 3.0e-3"))
    assert plan_run(repository.folder, "demo", "nal", overrides={"train.weight_decay": 0.003}) == plan
    record(repository, plan.experiment, plan.params.replace("weight_decay: 0.003", "weight_decay: 0.002"))
    with pytest.raises(InputError, match=f"that no experiment of other parameters has. Received: {plan.experiment}, "):
        plan_run(repository.folder, "demo", "nal", overrides={"train.weight_decay": 3e-3})


def test_an_experiment_of_edited_code_is_not_gone_on_from(repository):
    plan = plan_run(repository.folder, "demo", "nal")
    for file, text in (("params.yaml", plan.params), ("dvc.lock", "stages: {a: {outs: [{path: made, md5: ''}]}}")):
        (repository.folder / file).write_text(text)
    (repository.folder / "made").mkdir()
    (repository.folder / "made/file.txt").write_text("an output")
    record(repository, plan.experiment, plan.params)
    assert plan_run(repository.folder, "demo", "nal") == plan
    (repository.folder / "dvc.yaml").write_text("stages: {}")
    record(repository, plan.experiment, plan.params)
    with pytest.raises(InputError, match=rf"experiment of other code \(dvc\.yaml\) has. Received: {plan.experiment}, "):
        plan_run(repository.folder, "demo", "nal")
    (repository.folder / "dvc.lock").write_text("<<<<<<< HEAD")
    record(repository, plan.experiment, plan.params)
    with pytest.raises(InputError, match=rf"experiment of other code \(dvc\.lock\) has. Received: {plan.experiment}, "):
        plan_run(repository.folder, "demo", "nal")


def test_a_plan_tells_the_command_that_makes_the_run_again(repository):
    commit = find_commit(repository.folder, "HEAD")
    plan = plan_run(repository.folder, "demo", "nal", 7, ["attention-56"], {"train.epochs": 2})
    assert plan.compose_command() == (
        f"prefect deployment run reproduce/demo -p commit={commit} -p learning=nal -p seed=7 "
        """-p 'networks=["attention-56"]' -p 'overrides={"train.epochs": 2}'"""
    )
