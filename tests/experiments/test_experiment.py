import pytest

from execution.git import find_commit
from experiments.experiment import load_run
from pipeline.errors import InputError
from tests.experiments.made_up_runs import RECIPE, write_run


def test_what_is_no_run_is_refused(small_repository, record):
    folder = small_repository.folder
    with pytest.raises(InputError, match=r"requires the name of an experiment or a revision\. Received: nope"):
        load_run(folder, "nope")
    with pytest.raises(InputError, match=r"HEAD: params\.yaml: "):
        load_run(folder, "HEAD")
    (folder / "params.yaml").write_text(RECIPE)
    small_repository.commit("parameters only")
    with pytest.raises(InputError, match=r"HEAD requires the results of a complete run. Received: none in dvc\.lock"):
        load_run(folder, "HEAD")


def test_a_misspelled_experiment_is_answered_with_those_alike(record):
    with pytest.raises(InputError, match=r"Received: mine-arll, alike: mine-arl$"):
        load_run(record("mine-arl", 1), "mine-arll")


def test_names_of_classes_stay_names(record):
    run = load_run(record("mine", 1, classes=("7", "None")), "mine")
    predictions = run.results["attention-56"].predictions
    assert (predictions["actual"] == predictions["predicted"]).tolist() == [False] + [True] * 9
    assert predictions.loc[0].tolist()[1:] == ["7", "None"]


def test_results_on_different_data_are_no_run(record):
    with pytest.raises(InputError, match=r"mine requires results on one data set.*attention-92 on two"):
        load_run(record("mine", 1, digests=("one", "two")), "mine")


def test_an_experiment_is_that_of_its_commit_whatever_has_its_name(record, small_repository):
    commits = []
    for wrong in (1, 2):
        (small_repository.folder / "later.txt").write_text(str(wrong))
        small_repository.commit("later")
        folder = record("mine", wrong)
        commits.append(find_commit(folder, "HEAD"))
    small_repository.run("git", "tag", "mine", commits[0])
    for commit, error in zip(commits, (10, 20), strict=True):
        run = load_run(folder, "mine", commit)
        assert run.commit == commit
        assert run.results["attention-56"].metrics["test_error_percent"] == error


def test_a_name_that_experiments_of_several_commits_have_is_refused_with_what_each_of_them_is_called(
    record, small_repository
):
    for wrong in (1, 2):
        folder = record("mine", wrong)
        (folder / "later.txt").write_text(str(wrong))
        small_repository.commit("later")
    with pytest.raises(InputError, match=r"Received: mine, of other commits; give one of refs/\S+/mine, ") as error:
        load_run(folder, "mine")
    given = str(error.value).partition("give one of ")[2].split(", ")
    errors = {load_run(folder, name).results["attention-56"].metrics["test_error_percent"] for name in given}
    assert errors == {10, 20}


def test_a_revision_that_is_no_experiment_is_its_own_commit(small_repository):
    write_run(small_repository.folder, 1)
    small_repository.commit("a run")
    run = load_run(small_repository.folder, "HEAD")
    assert run.commit == run.revision == find_commit(small_repository.folder, "HEAD")
