import json

import pytest

from execution.git import find_commit, name_reference
from execution.plan import Plan
from experiments.cells.grid_hours import describe_hours
from tests.tiny_repository import ROOT

DEMO = (ROOT / "recipes/demo.yaml").read_text()


@pytest.fixture
def record(small_repository):
    """Record a training of three epochs, in a folder, and give the commit."""

    def write(folder, network, minutes):
        place = small_repository.folder / folder
        (place / "timing").mkdir(parents=True, exist_ok=True)
        (place / "timing" / f"{network}.json").write_text(json.dumps({"train_minutes": minutes}))
        (place / "params.yaml").write_text(DEMO)
        small_repository.commit("more")
        return find_commit(small_repository.folder, "HEAD")

    return write


def make_plan(commit, network, epochs=3, recipe="demo"):
    params = DEMO.replace("  epochs: 3", f"  epochs: {epochs}")
    return Plan(recipe, commit, {"networks": [network]}, f"{recipe}-arl", params)


def test_hours_are_those_of_the_same_recipe_and_network_by_epochs(record, small_repository):
    experiment = record(".", "attention-56", 300)
    small_repository.run("git", "update-ref", name_reference(experiment, "demo-nal-s1"), experiment)
    small_repository.run(
        "git", "update-ref", name_reference(experiment, "demonstration-arl"), record(".", "attention-56", 9)
    )
    record("results/other-arl", "attention-56", 9)
    head = record("results/demo-arl", "attention-56", 180)
    plans = [make_plan(head, "attention-56"), make_plan(head, "attention-56", epochs=6)]
    # 100 minutes and 60 minutes an epoch
    assert describe_hours(small_repository.folder, plans) == "about 12 h in all, by recorded trainings"
    text = describe_hours(small_repository.folder, [*plans, make_plan(head, "attention-92")])
    assert text == "about 12 h for 2 of them, by recorded trainings; none of attention-92 is recorded"


def test_it_is_said_where_nothing_is_known(small_repository, head):
    text = describe_hours(small_repository.folder, [make_plan(head, "attention-56")])
    assert text == "their hours are not known, as no training of attention-56 by this recipe is recorded"
