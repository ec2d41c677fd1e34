"""What a study publishes stands for its runs elsewhere: real git and DVC, stages that are shell commands."""

import json
import re
import shutil

import pytest

from execution.places import Places
from execution.plan import Plan
from execution.run_plan import run_plan
from execution.studies import list_plans, load_study, plan_study
from experiments.cells.found_cells import find_cells, read_cell, read_lock
from experiments.cells.grid_hours import describe_hours
from experiments.cells.published_study import publish_study
from experiments.cells.study_page import compose_page, find_claims
from experiments.cells.study_results import measure_settings
from experiments.experiment import RevisionFiles
from experiments.publishing.published_run import find_run
from pipeline.errors import InputError
from tests.flows.projects import MeasuredProject
from tests.tiny_repository import ROOT

NETWORK = "attention-56"
FIRST, SECOND = "demo-arl-56", "demo-nal-56"
SETTINGS = [{"name": name, "network": NETWORK, "learning": name, "seeds": [0]} for name in ("arl", "nal")]
STUDY = {"question": "Does it?", "recipe": "demo", "seeds_because": "-", "limits": "-", "settings": SETTINGS}
STUDY |= {"comparisons": [["arl", "nal"]]}
STUDIES = sorted(path.parent for path in ROOT.glob("results/studies/*/README.md"))


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A repository whose study has one of two runs published, and nothing recorded."""
    with pytest.MonkeyPatch.context() as patch:
        project = MeasuredProject(tmp_path_factory.mktemp("study"))
        project.enter(patch)
        (project.folder / "studies/mine.yaml").write_text(json.dumps(STUDY))
        project.commit("a study")
        run(project, list_study(project)[FIRST])
        publish_study(project.folder, "mine")
        project.commit("what came of it")
        forget(project, FIRST)
        project.run("git", "gc", "--quiet", "--prune=now")
        shutil.rmtree(project.folder / ".dvc/cache")
        yield project


@pytest.fixture
def project(published):
    """The same for each test."""
    head = published.run("git", "rev-parse", "HEAD").strip()
    yield published
    published.run("git", "reset", "--quiet", "--hard", head)
    published.run("git", "clean", "--quiet", "--force", "-d", "results")
    for reference in published.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").split():
        published.run("git", "update-ref", "-d", reference)


def forget(project, name):
    project.run("git", "update-ref", "-d", project.find_reference(name))


def list_study(project) -> dict[str, Plan]:
    study = load_study(project.folder, "mine", "HEAD")
    return {plan.experiment: plan for plan in list_plans(plan_study(project.folder, study, "HEAD"))}


def run(project, plan):
    run_plan(Places(project.folder), plan, lambda _, step: step(print), print)


def find(project):
    return find_cells(Places(project.folder), [*list_study(project).values()])


def read(project):
    """What `find_cells` does of a run once it is found to be current."""
    folder = f"results/studies/mine/runs/{FIRST}"
    read_lock(project.folder, "HEAD", folder)
    return read_cell(RevisionFiles(project.folder, "HEAD"), folder, list_study(project)[FIRST])


def read_files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_published_run_is_there_and_stays_as_it_is_when_the_others_come(project):
    folder = project.folder / "results/studies/mine"
    kept = read_files(folder / "runs" / FIRST)
    assert {path.parts[0] for path in kept} == {
        *("params.yaml", "dvc.lock", "evidence.json"),
        *("metrics", "details", "history", "timing", "machine", "predictions"),
    }
    assert {path.suffix for path in kept if path.parts[0] == "predictions"} == {".csv"}
    page = (folder / "README.md").read_text()
    for part in ("1 of 2 runs", "    python -m flows.local studies/mine\n", "`python -m flows.publish studies/mine`"):
        assert part in page
    found = find(project)
    assert found.keys() == {FIRST}
    result = found[FIRST].run.results[NETWORK]
    assert result.metrics["test_error_percent"] == 10.0
    assert len(result.predictions) == 10
    assert find_run(project.folder, f"results/studies/mine/runs/{FIRST}").results[NETWORK].metrics == result.metrics
    assert "by recorded trainings" in describe_hours(project.folder, [*list_study(project).values()])

    run(project, list_study(project)[SECOND])
    assert project.list_trained() == ["arl 0", "nal 0"]
    publish_study(project.folder, "mine")
    page = (folder / "README.md").read_text()
    assert "2 of 2 runs" in page
    # The same two images are wrong by both models: 1.96 √2 / 12.
    assert "| arl → nal | +3.00 | – | – | ± 23.10 | 1 |" in page
    assert read_files(folder / "runs" / FIRST) == kept
    shutil.copytree(folder, folder.with_name("another"))
    project.commit("all of it, and a study that shares the runs")
    forget(project, SECOND)
    assert find(project).keys() == {FIRST, SECOND}


def test_a_published_run_of_other_code_is_not_there(project):
    with (project.folder / "evaluate.sh").open("a") as file:
        file.write("\n")
    project.commit("another evaluation")
    assert find(project) == {}
    with pytest.raises(InputError, match=r"requires runs of HEAD's code and parameters\. Received: mine, without"):
        publish_study(project.folder, "mine")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (f"metrics/{NETWORK}.json", "10.0", "9.0", rf"metrics/{NETWORK}\.json requires the md5 of dvc\.lock"),
        ("dvc.lock", "stages:", "<<<<<<< HEAD\nstages:", r"dvc\.lock is required as a run writes it"),
        ("params.yaml", "learning: arl", "learning: nal", rf"params\.yaml requires the parameters of {FIRST}"),
    ],
)
def test_a_published_run_with_another_file_than_was_recorded_is_refused(project, file, old, new, message):
    path = project.folder / "results/studies/mine/runs" / FIRST / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    project.commit("damaged")
    with pytest.raises(InputError, match=rf"results/studies/mine/runs/{FIRST}/?{message}"):
        read(project)


def test_a_published_run_that_lacks_a_file_is_named(project):
    file = f"predictions/{NETWORK}.csv"
    (project.folder / "results/studies/mine/runs" / FIRST / file).unlink()
    project.commit("incomplete")
    with pytest.raises(InputError, match=rf"results/studies/mine/runs/{FIRST}/{file}.*Received: none"):
        read(project)


def test_a_run_of_a_commit_that_others_lack_is_left_out_until_it_is_recorded_again(project, capsys):
    run(project, list_study(project)[SECOND])
    trained = project.list_trained()
    project.run("git", "commit", "--quiet", "--amend", "--message=the same again")
    before = read_files(project.folder / "results/studies/mine/runs")
    folder = project.folder / publish_study(project.folder, "mine")
    assert read_files(folder / "runs") == before
    assert "1 of 2 runs" in (folder / "README.md").read_text()
    told = capsys.readouterr().err
    assert f"left out: a published run requires a commit that HEAD contains. Received: {SECOND}, of " in told
    project.run(*re.search("`(dvc .*?)`", told)[1].split())
    run(project, list_study(project)[SECOND])
    publish_study(project.folder, "mine")
    assert "2 of 2 runs" in (folder / "README.md").read_text()
    assert project.list_trained() == trained


@pytest.mark.parametrize("folder", STUDIES, ids=lambda folder: folder.name)
def test_the_committed_pages_are_of_the_runs_beside_them(folder):
    cells = {cell["experiment"]: cell for cell in json.loads((folder / "cells.json").read_text())["cells"]}
    runs = {path.name for path in (folder / "runs").iterdir()}
    assert runs == {name for name, cell in cells.items() if cell["metrics"]}
    found = {name: find_run(ROOT, f"results/studies/{folder.name}/runs/{name}") for name in runs}
    for name, run in found.items():
        cell = cells[name]
        result = run.results[cell["network"]]
        assert (result.metrics, result.details, run.commit) == (cell["metrics"], cell["details"], cell["commit"])
        assert cell["digests"].items() <= run.digests.items()
    study = load_study(ROOT, folder.name, "HEAD")
    measured = measure_settings(study, plan_study(ROOT, study, "HEAD"), found)
    assert (
        compose_page(folder.name, study, measured, find_claims(study, measured), published=True)
        == (folder / "README.md").read_text()
    )
