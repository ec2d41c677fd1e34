"""A grid over two workers that share an origin and a DVC remote: Prefect's own server, real git and DVC."""

import json
from pathlib import Path

import pytest

from tests.flows.machines import GRID, WORKER, open_fleet
from tests.flows.prefect_server import ended
from tests.flows.projects import MeasuredProject, read_digests
from tests.tiny_repository import Repository, wait_until

NETWORK = "attention-56"
STUDY = "import sys, json; from flows.study import study; print(study(**json.loads(sys.argv[1])))"
PUBLISH = """
from pathlib import Path
from experiments.cells.published_study import publish_study
publish_study(Path(), "mine")
"""
SETTINGS = [{"name": name, "network": NETWORK, "learning": name, "seeds": [0, 2]} for name in ("arl", "nal")]
STUDY_FILE = {"question": "Does it?", "recipe": "demo", "seeds_because": "-", "limits": "-", "settings": SETTINGS}
STUDY_FILE |= {"comparisons": [["arl", "nal"]]}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grid")
    project = MeasuredProject(folder)
    (project.folder / "studies/mine.yaml").write_text(json.dumps(STUDY_FILE))
    project.commit("a study")
    project.share(folder)
    return project


@pytest.fixture(scope="module")
def laptop(project, prefect_server, tmp_path_factory):
    """The machine that grids are started on, while two workers take their cells."""
    with open_fleet(tmp_path_factory.mktemp("fleet"), project, prefect_server) as fleet:
        yield fleet.laptop


def run_grid(laptop, **arguments):
    """Run the flow, and give its table and its cells."""
    given = {"networks": [NETWORK], "seeds": [0]} | arguments
    output = laptop.run("python", "-c", GRID, json.dumps(given))
    path = laptop.home / "runs" / "comparisons" / output.split("/comparisons/")[-1].split("/")[0]
    return (path / "grid.md").read_text(), json.loads((path / "grid.json").read_text())["cells"]


def test_a_grid_runs_what_is_missing_once_and_gives_the_bytes_of_one_machine(project, laptop):
    table, cells = run_grid(laptop)
    assert sorted(project.list_trained()) == ["arl 0", "nal 0"]
    assert f"| {NETWORK} | 10.00 | 13.00 | +3.00 | 0 (n = 1) |" in table

    project.run("git", "fetch", "--quiet", project.origin, "refs/exps/*:refs/exps/*")
    for cell in cells:
        params, lock = (
            project.run("git", "show", f"{cell['revision']}:{name}") for name in ("params.yaml", "dvc.lock")
        )
        (project.folder / "params.yaml").write_text(params)
        project.run("dvc", "repro")
        digests = read_digests(project.read("dvc.lock"))
        assert f"models/{NETWORK}" in digests
        assert read_digests(lock) == digests
    project.run("git", "checkout", "--quiet", ".")
    (project.folder / "dvc.lock").unlink()
    (project.told / "trained").unlink()

    (project.folder / "README.md").write_text("another\n")
    project.commit("other words")
    project.run("git", "push", "--quiet", project.origin, "main")
    assert run_grid(laptop)[1] == cells
    assert project.list_trained() == []

    table, cells = run_grid(laptop, seeds=[0, 1])
    assert sorted(project.list_trained()) == ["arl 1", "nal 1"]
    assert f"| {NETWORK} | 10.50 ± 0.71 | 14.00 ± 1.41 | +3.50 ± 6.35 | 0, 1 (n = 2) |" in table
    assert len({cell["commit"] for cell in cells}) == 2


def run_study(laptop):
    """Run the flow one run after another, and give its page."""
    return Path(laptop.run("python", "-c", STUDY, json.dumps({"name": "mine", "here": True})).split()[-1]).read_text()


@pytest.fixture(scope="module")
def study_page(laptop):
    return run_study(laptop)


def test_a_study_runs_here_what_grids_have_not_and_shows_what_came_of_it(project, study_page):
    assert f"| arl | {NETWORK} | – | 1.00 ± 0.00 | 2.00 ± 0.00 | 11.00 ± 1.41 | " in study_page
    assert "flows.publish" not in study_page
    assert "What is missing" not in study_page
    assert "| arl → nal | +4.00 | ± 12.71 | ± 9.62 | – | 2 | 0 of 4 | – | not beyond chance |" in study_page
    assert {"arl 2", "nal 2"} <= set(project.list_trained())


def test_a_worker_of_its_own_pool_takes_a_grid_and_others_its_cells_of_which_one_that_fails_loses_no_other(
    project, laptop, prefect_server
):
    run = prefect_server.start_run("grid/demo", learnings=["arl"], networks=[NETWORK], seeds=[4, 99])  # 99 fails
    with ended(laptop.start(*WORKER, "grids", "--limit", "1")):
        wait_until(lambda: prefect_server.find_outcome(run), 600)
        # Prefect sends logs every two seconds; with the worker, what has not been sent is lost.
        wait_until(lambda: "Received: no result of demo-arl-s99-56, Failed" in prefect_server.read_log(run))
    assert prefect_server.find_outcome(run) == "FAILED"
    assert {"arl 4", "arl 99"} <= set(project.list_trained())
    tables = [path.read_text() for path in (laptop.home / "runs/comparisons").glob("grid-*/grid.md")]
    (table,) = [table for table in tables if "Without a result: demo-arl-s99-56." in table]
    assert f"| {NETWORK} | 14.00 | not yet run | – | 4 (n = 1) |" in table


def test_what_a_study_has_published_no_machine_runs_again(project, laptop, study_page, tmp_path):
    third = Repository(tmp_path / "third", tmp_path)
    project.run("git", "clone", "--quiet", project.origin, str(third.folder))
    third.run("dvc", "remote", "add", "--local", "--default", "storage", laptop.env["RUNS_REMOTE"])
    assert "demo-nal-s2-56" in third.run("dvc", "exp", "list", "origin", "--all-commits", "--name-only")
    third.run("dvc", "exp", "pull", "origin", "--all-commits")
    third.run("python", "-c", PUBLISH)
    third.commit("what came of the study")
    experiments = third.run("git", "ls-remote", "origin", "refs/exps/*").split()[1::2]
    third.run("git", "push", "--quiet", "origin", "main", *(f":{reference}" for reference in experiments))
    (project.told / "trained").unlink()
    assert run_study(laptop) == study_page
    assert project.list_trained() == []
