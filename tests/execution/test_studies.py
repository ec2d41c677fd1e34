"""What studies ask for: the files of this project, and files that are refused."""

import pytest

from execution.recipe_changes import change_recipe, collect_changes
from execution.studies import Study, find_study_name, list_plans, load_study, plan_study
from pipeline.errors import InputError
from pipeline.settings.plain_yaml import load_plain_yaml
from tests.experiments.made_up_runs import RECIPE
from tests.tiny_repository import ROOT

STUDIES = sorted((ROOT / "studies").glob("*.yaml"))
SETTING = {"name": "one", "network": "attention-56", "seeds": [0, 1]}
LINE = {"lines": ["up"], "at": 10}
STUDY = {"question": "?", "recipe": "mine", "seeds_because": "-", "limits": "-"}
STUDY |= {"settings": [SETTING, SETTING | {"name": "other", "learning": "nal", "seeds": [1]}]}
STUDY |= {"comparisons": [["one", "other"]]}


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_each_run_of_a_study_is_possible(path):
    study = Study.model_validate(load_plain_yaml(path.read_text(), path.name))
    recipe = (ROOT / f"recipes/{study.recipe}.yaml").read_text()
    for setting in study.settings:
        changes = collect_changes(setting.learning, setting.seeds[0], [setting.network], setting.changes)
        change_recipe(recipe, changes, setting.name)
    assert study.comparisons


@pytest.fixture
def commit_study(small_repository):
    folder = small_repository.folder
    (folder / "recipes").mkdir()
    (folder / "recipes/mine.yaml").write_text(RECIPE)
    (folder / "studies").mkdir()

    def commit(**changes):
        (folder / "studies/mine.yaml").write_text(repr(STUDY | changes))  # YAML reads what Python writes of these
        small_repository.commit("a study")
        return folder

    return commit


def test_settings_that_come_to_the_same_run_share_it(commit_study):
    folder = commit_study(
        settings=[SETTING, SETTING | {"name": "same", "changes": {"train.epochs": 32}}], comparisons=[]
    )
    plans = plan_study(folder, load_study(folder, "mine", "HEAD"), "HEAD")
    assert {name: list(seeds) for name, seeds in plans.items()} == {"one": [0, 1], "same": [0, 1]}
    assert [plan.experiment for plan in list_plans(plans)] == ["mine-arl-56", "mine-arl-s1-56"]


def test_the_first_seeds_of_all_settings_come_first(commit_study):
    folder = commit_study(settings=[SETTING, SETTING | {"name": "other", "learning": "nal", "seeds": [0]}])
    plans = list_plans(plan_study(folder, load_study(folder, "mine", "HEAD"), "HEAD"))
    assert [plan.experiment for plan in plans] == ["mine-arl-56", "mine-nal-56", "mine-arl-s1-56"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"settings": [SETTING, SETTING]}, "settings require a name of their own each. Received: one, one"),
        ({"comparisons": [["one", "two"]]}, "comparisons require names of settings: one, other. Received: two"),
        ({"extra": 1}, "studies/mine.yaml: extra: .*Received: 1"),
        ({"settings": [SETTING | {"seeds": [0, 0]}], "comparisons": []}, r"once each\. Received: \[0, 0\]"),
        ({"settings": [SETTING | {"seeds": []}]}, r"studies/mine.yaml: settings.0.seeds: .*Received: \[\]"),
        ({"recipe": "other"}, "recipe requires one of mine. Received: other"),
        ({"settings": [SETTING | {"changes": {"train.rate": 1}}], "comparisons": []}, "Received: train.rate"),
        ({"settings": [SETTING | {"changes": {"train.seed": 1}}], "comparisons": []}, "Received: train.seed; use seed"),
        ({"settings": [SETTING | {"network": "attention-57"}], "comparisons": []}, "Received: attention-57"),
        ({"settings": [SETTING | LINE], "comparisons": []}, "and each setting's place at it. Received: up"),
        ({"settings": [SETTING | {"lines": ["up"]}], "comparisons": [], "axis": "depth"}, "place at it. Received: up"),
        (
            {"settings": [SETTING | LINE, SETTING | LINE | {"name": "other"}], "comparisons": [], "axis": "depth"},
            "a line requires one setting at a place. Received: two, up at 10",
        ),
        ({"trends": [["up"]]}, "trends require lines: there are none. Received: up"),
    ],
)
def test_a_study_that_cannot_be_run_is_refused_in_one_line(commit_study, changes, says):
    folder = commit_study(**changes)
    with pytest.raises(InputError, match=says) as caught:
        plan_study(folder, load_study(folder, "mine", "HEAD"), "HEAD")
    assert "\n" not in str(caught.value)


def test_a_study_that_is_not_there_is_named(commit_study):
    with pytest.raises(InputError, match=r"a study requires one of mine\. Received: other"):
        load_study(commit_study(), "other", "HEAD")


def test_without_a_repository_a_study_is_not_looked_for(tmp_path):
    with pytest.raises(InputError, match=f"a flow requires a git work tree. Received: {tmp_path}, which has no .git"):
        load_study(tmp_path, "mine", "HEAD")


def test_a_study_is_called_by_its_path_with_or_without_its_ending():
    names = ("studies/learning", "studies/learning.yaml", "studies/v1.5", "demo", "recipes/demo")
    assert [*map(find_study_name, names)] == ["learning", "learning", "v1.5", None, None]
