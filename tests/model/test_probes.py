from functools import cache

import keras
import numpy as np
import pytest

from pipeline.model.initialization import initialize_weights
from pipeline.model.network import build_network
from pipeline.model.probes import measure_responses, read_masks
from tests.networks import PLAIN

IMAGES = np.random.default_rng(0).normal(0, 60, (3, 32, 32, 3)).astype(np.float32)


@cache
def build(name, layout, **changes):
    network = build_network(name, layout=layout, width=0.125, **PLAIN | changes)
    initialize_weights(network, 0, zero_init_residual=True)  # in which values stay small
    return network


@pytest.mark.parametrize(
    ("name", "layout", "outputs"),
    [
        ("attention-56", "paper", ["stage1_unit2_add", "stage2_unit2_add", "stage3_unit2_add"]),
        (
            "attention-92",
            "wide-stem",
            [f"stage{number}_module{number}_after_unit1_add" for number in (1, 2, 3)],
        ),
    ],
)
def test_responses_are_the_mean_sizes_of_what_each_stage_passes_on(name, layout, outputs):
    network = build(name, layout)
    responses = measure_responses(network, IMAGES, batch_size=2)
    features = keras.Model(network.input, [network.get_layer(output).output for output in outputs])(IMAGES)
    assert list(responses) == ["stage1", "stage2", "stage3"]
    for response, feature in zip(responses.values(), features, strict=True):
        np.testing.assert_allclose(response, np.abs(feature).mean(axis=(1, 2, 3)), rtol=1e-4)


# By network and layout, the modules of each stage.
MODULES = {("attention-92", "wide-stem"): (1, 2, 3), ("attention-mini", "seed"): (1, 1)}


@pytest.mark.parametrize(
    ("network", "variant"),
    [
        (("attention-92", "wide-stem"), {}),
        (("attention-mini", "seed"), {"learning": "nal"}),
        (("attention-mini", "seed"), {"attention": "channel"}),
        (("attention-mini", "seed"), {"attention": "spatial"}),
    ],
)
def test_masks_are_what_the_trunks_are_multiplied_by(network, variant):
    counts, network = MODULES[network], build(*network, **variant)
    masks = read_masks(network, IMAGES, batch_size=2)
    modules = [
        f"stage{stage}_module{number}" for stage, count in enumerate(counts, 1) for number in range(1, count + 1)
    ]
    assert list(masks) == modules
    layers = [network.get_layer(f"{module}_masked") for module in modules]
    factors = keras.Model(network.input, [[layer.input[1], layer.output] for layer in layers])(IMAGES)
    for mask, (trunk, masked) in zip(masks.values(), factors, strict=True):
        assert np.abs(mask).max() <= 1
        assert (mask.min() < 0) == (variant.get("attention") == "channel")
        np.testing.assert_allclose(mask * np.asarray(trunk), masked, rtol=1e-3, atol=1e-5)


def test_a_network_without_masks_has_none():
    assert read_masks(build("attention-mini", "seed", mask="none"), IMAGES, batch_size=2) == {}
