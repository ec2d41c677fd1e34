"""One training step of every recipe's networks on both backends: minutes, mostly of tracing; `pytest -m slow`."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.settings.params import load_params

ROOT = Path(__file__).parents[2]
RECIPES = sorted(path.stem for path in (ROOT / "recipes").glob("*.yaml"))
NETWORKS = {recipe: load_params(ROOT / f"recipes/{recipe}.yaml").networks for recipe in RECIPES}

ONE_STEP = """
import sys
from pathlib import Path
from pipeline.settings.params import load_params
from pipeline.compute.backend import set_up_backend

recipe, name, backend = sys.argv[1:]
params = load_params(Path("recipes", recipe + ".yaml"))
set_up_backend(backend, "cpu", params.compute.precision, 2, 1)

import numpy as np
from pipeline.cifar.synthetic import draw_images
from pipeline.model.network import build_network
from pipeline.training.schedule import tabulate_learning_rates
from pipeline.training.optimization import compile_network
from pipeline.training.average import AverageWeights
from pipeline.training.steps import build_step

classes = 100 if params.download.dataset == "cifar100" else 10
network = build_network(name, classes=classes, **params.model.model_dump())
train = params.train
compile_network(
    network, optimizer=train.optimizer, momentum=train.momentum,
    weight_decay=train.weight_decay, decayed=train.decayed, label_smoothing=train.label_smoothing,
)
before = network.get_weights()
average = AverageWeights(network, train.ema_momentum)
step = build_step(network, average)
images, labels = draw_images(4, 0)
step(images - np.float32(128), np.eye(classes, dtype=np.float32)[labels], tabulate_learning_rates(train, 2)[0])
step.wait()
loss = float(network.get_metrics_result()["loss"])
changes = zip(network.weights, before, network.get_weights(), strict=True)
still = [weight.path for weight, old, new in changes if weight.trainable and np.array_equal(old, new)]
assert np.isfinite(loss) and not still, (loss, still)
print(f"loss {loss:.3f}")
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
@pytest.mark.parametrize(
    ("recipe", "network"), [(recipe, network) for recipe in RECIPES for network in NETWORKS[recipe]]
)
def test_one_step_moves_every_trainable_weight(recipe, network, backend):
    command = [sys.executable, "-c", ONE_STEP, recipe, network, backend]
    result = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    assert result.stdout.startswith("loss ")
