"""Which cells a grid has, and which of them are there: real git and DVC, stages that are shell commands."""

import pytest

from execution.cells import find_finished, plan_cells, would_run_nothing
from execution.dvc_client import DvcError
from execution.git import find_commit, name_reference
from execution.guard import find_processes
from execution.open_clone import open_clone
from execution.origin import list_experiments
from execution.places import Places
from execution.run_plan import run_plan
from pipeline.errors import InputError
from tests.flows.projects import MeasuredProject

NETWORK = "attention-56"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return MeasuredProject(tmp_path_factory.mktemp("grid"))


@pytest.fixture
def in_project(project, monkeypatch):
    project.enter(monkeypatch)
    return Places(project.folder)


def names(places, *arguments, **keywords):
    return [plan.experiment for plan in plan_cells(places.repository, *arguments, **keywords)]


def test_each_combination_is_a_cell_of_one_network(in_project):
    assert names(in_project, "demo", ["arl", "nal"]) == [
        *("demo-arl-56", "demo-nal-56", "demo-arl-92", "demo-nal-92"),
    ]
    cells = names(in_project, "demo", ["arl"], [NETWORK], [0, 1], {"train.epochs": [3, 4], "train.batch_size": [25]})
    assert len(cells) == len(set(cells)) == 4


def test_combinations_that_come_to_the_same_run_are_one_cell(in_project):
    assert names(in_project, "demo", ["arl", "arl"], [NETWORK], [0, 0], {"train.epochs": [3]}) == ["demo-arl-56"]


def test_experiments_that_are_no_cells_refuse_no_grid(in_project, project):
    reference = name_reference(find_commit(project.folder, "HEAD"), "demo-arl")
    (project.folder / "params.yaml").write_text("networks: []\n")
    project.commit("an experiment of other parameters")
    project.run("git", "update-ref", reference, "HEAD")
    project.run("git", "reset", "--quiet", "--hard", "HEAD~1")
    assert names(in_project, "demo", ["arl"]) == ["demo-arl-56", "demo-arl-92"]
    project.run("git", "update-ref", "-d", reference)


@pytest.mark.parametrize(
    ("changes", "received"),
    [
        ({"overrides": {"train.epochs": 3}}, "train.epochs without"),
        ({"overrides": {"train.epochs": [3, 0]}}, "0"),
        ({"networks": [NETWORK, "attention-57"]}, "attention-57"),
        ({"recipe": "nope"}, "nope"),
        ({"commit": "nope"}, "nope"),
    ],
)
def test_one_wrong_cell_refuses_the_grid(in_project, changes, received):
    with pytest.raises(InputError, match=f"Received: {received}$"):
        plan_cells(in_project.repository, **({"recipe": "demo", "learnings": ["arl", "nal"]} | changes))


def test_a_cell_is_there_if_its_data_code_and_parameters_are_the_commits(in_project, project, monkeypatch):
    def find():
        return list(find_finished(in_project, plan_cells(project.folder, "demo", ["arl", "nal"], [NETWORK])))

    assert find() == []
    (plan,) = plan_cells(project.folder, "demo", ["arl"], [NETWORK])
    run_plan(in_project, plan, lambda _, step: step(print), print)
    assert find() == ["demo-arl-56"]
    listed = {name: ["0" * 40, *revisions] for name, revisions in list_experiments(in_project).items()}
    with monkeypatch.context() as replaced:  # since it was listed
        replaced.setattr("execution.cells.list_experiments", lambda _: listed)
        assert find() == ["demo-arl-56"]
    for name, expected in {"README.md": ["demo-arl-56"], "evaluate.sh": [], "tfrecords.sh": []}.items():
        with (project.folder / name).open("a") as file:
            file.write("\n")
        project.commit(f"another {name}")
        assert find() == expected
        if not expected:
            project.run("git", "reset", "--quiet", "--hard", "HEAD~1")
    recipe = project.folder / "recipes/demo.yaml"
    recipe.write_text(recipe.read_text().replace("  epochs: 3", "  epochs: 4"))
    project.commit("a recipe with another parameter")
    assert find() == []


def test_a_cell_of_which_dvc_cannot_tell_is_not_one_to_run_again(in_project, project):
    (plan,) = plan_cells(project.folder, "demo", ["arl"], [NETWORK])
    lock = "schema: '2.0'\nstages: {}\n"
    with open_clone(project.folder, "HEAD", share=False) as clone:
        assert not would_run_nothing(clone, plan, lock)
        for process in find_processes(str(clone.folder)):
            process.kill()
        with pytest.raises(DvcError, match="its process has ended"):
            would_run_nothing(clone, plan, lock)
