import re

import pytest

from execution.recipe_changes import change_recipe, collect_changes, name_experiment
from pipeline.errors import InputError
from pipeline.settings.params import check_params, load_params
from tests.refusals import refusal
from tests.tiny_repository import ROOT, load_yaml

RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))
DEMO = (ROOT / "recipes/demo.yaml").read_text()


def name(**arguments):
    given = {"learning": "arl", "seed": None, "networks": None, "overrides": None} | arguments
    return name_experiment("demo", DEMO, change_recipe(DEMO, collect_changes(**given), "demo"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_without_changes_stays_as_it_is_written(path):
    text = path.read_text()
    same = {"model.learning": load_params(path).model.learning, "networks": load_params(path).networks}
    assert change_recipe(text, same, path.stem) == text


def test_changes_are_made_and_comments_stay():
    changes = {"model.learning": "nal", "networks": ["attention-56"], "train.seed": 7, "train.weight_decay": 5e-4}
    text = change_recipe(DEMO, changes, "demo")
    assert [line for line in text.splitlines() if "#" in line] == [
        line.replace("learning: arl", "learning: nal") for line in DEMO.splitlines() if "#" in line
    ]
    expected = load_yaml(DEMO)
    expected["networks"] = ["attention-56"]
    expected["model"]["learning"] = "nal"
    expected["train"] |= {"seed": 7, "weight_decay": 5e-4}
    assert check_params(load_yaml(text), "changed") == check_params(expected, "expected")


@pytest.mark.parametrize(
    ("changes", "received"),
    [
        ({"train.epoch": 2}, "train.epoch"),
        ({"training.epochs": 2}, "training.epochs"),
        ({"epochs": 2}, "epochs"),
        ({"networks.first": 2}, "networks.first"),
        ({"train.seed.value": 2}, "train.seed.value"),
        ({"train.epochs": 0}, "0"),
        ({"train.epochs": "2"}, "'2'"),
        ({"model.learning": "xyz"}, "'xyz'"),
        ({"networks": ["attention-57"]}, "attention-57"),
        ({"networks": []}, "[]"),
    ],
)
def test_what_a_recipe_does_not_have_or_allow_is_refused_in_one_line(changes, received):
    message = refusal(change_recipe, DEMO, changes, "recipe demo")
    assert message.startswith("recipe demo")
    assert message.endswith(f"Received: {received}")


@pytest.mark.parametrize("key", ["model.learning", "train.seed", "networks", "model", "train"])
def test_an_override_of_an_argument_or_of_what_holds_one_is_refused(key):
    with pytest.raises(InputError, match=f"that hold no argument. Received: {key}; use "):
        collect_changes("arl", None, None, {key: 1})


def test_a_name_says_recipe_and_learning_and_what_differs_from_the_recipe():
    assert name() == "demo-arl"
    assert name(learning="nal", seed=0) == "demo-nal"
    assert name(seed=3) == "demo-arl-s3"
    assert name(seed=3, networks=["attention-56"]) == "demo-arl-s3-56"
    assert name(networks=["attention-56", "attention-92"]) == "demo-arl"


def test_other_overrides_have_other_names_and_their_order_does_not_matter():
    one = name(overrides={"train.epochs": 2, "model.width": 0.5})
    assert one.startswith("demo-arl-")
    assert one == name(overrides={"model.width": 0.5, "train.epochs": 2})
    names = {one, name(), name(overrides={"train.epochs": 2}), name(overrides={"train.batch_size": 40})}
    assert len(names) == 4


def test_equal_values_have_one_name_however_they_are_written():
    peak, recorded = "train.learning_rate.peak", load_yaml(DEMO)["train"]["learning_rate"]["peak"]
    written = [{peak: 1e-3}, {peak: 0.001}, {peak: 0.001, "model.layout": load_yaml(DEMO)["model"]["layout"]}]
    (one,) = {name(overrides=overrides) for overrides in written}
    assert re.fullmatch("demo-arl-[0-9a-f]{12}", one)
    assert name(overrides={"model.width": 1}) == name(overrides={"model.width": 1.0})
    assert name(overrides={peak: recorded}) == "demo-arl"
