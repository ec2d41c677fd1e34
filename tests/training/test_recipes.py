"""One training step of every recipe's networks on both backends: minutes, mostly of tracing; `pytest -m slow`."""

import json
import math

import pytest

from pipeline.settings.params import load_params
from tests.run_module import run_module
from tests.tiny_repository import ROOT

RECIPES = {path.stem: load_params(path) for path in sorted((ROOT / "recipes").glob("*.yaml"))}


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
@pytest.mark.parametrize(
    ("recipe", "network"), [(recipe, network) for recipe, params in RECIPES.items() for network in params.networks]
)
def test_one_step_moves_every_trainable_weight(recipe, network, backend):
    told = json.loads(run_module("compute.first_step", recipe, network, backend, 4))
    assert math.isfinite(told["loss"])
    assert told["still"] == []
