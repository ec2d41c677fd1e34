"""One training step of every recipe's networks on both backends: minutes, mostly of tracing; `pytest -m slow`."""

import json
import math
import subprocess
import sys

import pytest

from pipeline.settings.params import load_params
from tests.tiny_repository import ROOT

RECIPES = {path.stem: load_params(path) for path in sorted((ROOT / "recipes").glob("*.yaml"))}


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
@pytest.mark.parametrize(
    ("recipe", "network"), [(recipe, network) for recipe, params in RECIPES.items() for network in params.networks]
)
def test_one_step_moves_every_trainable_weight(recipe, network, backend):
    command = [sys.executable, "-m", "tests.compute.first_step", recipe, network, backend, "4"]
    result = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    told = json.loads(result.stdout)
    assert math.isfinite(told["loss"])
    assert told["still"] == []
