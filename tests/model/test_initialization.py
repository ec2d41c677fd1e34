import keras
import numpy as np
import pytest

from pipeline.model.initialization import initialize_weights
from pipeline.model.network import build_network
from tests.networks import PLAIN


def build(seed, global_seed=0, zero_init_residual=False, **variant):
    keras.utils.set_random_seed(global_seed)
    network = build_network("attention-mini", layout="seed", width=0.25, **PLAIN | {"dropout": 0.5} | variant)
    initialize_weights(network, seed, zero_init_residual=zero_init_residual)
    return network


@pytest.fixture(scope="module")
def network():
    return build(seed=3)


def test_no_global_generator_has_a_part_in_them(network):
    other = build(seed=3, global_seed=1)
    for first, second in zip(network.weights, other.weights, strict=True):
        np.testing.assert_array_equal(first.numpy(), second.numpy())


@pytest.mark.parametrize(
    "variant", [{"learning": "nal"}, {"attention": "channel"}, {"attention": "spatial"}, {"mask": "none"}]
)
def test_networks_begin_alike_in_what_they_share(network, variant):
    weights, others = (
        {weight.path: weight.numpy() for weight in net.weights} for net in (network, build(3, **variant))
    )
    assert (others.keys() == weights.keys()) == ("mask" not in variant)
    shared = [path for path in others if path in weights]
    assert len(shared) > 50
    for path in shared:
        np.testing.assert_array_equal(others[path], weights[path])


def test_another_seed_draws_all_kernels_anew(network):
    other = build(seed=4)
    for first, second in zip(network.trainable_weights, other.trainable_weights, strict=True):
        assert np.array_equal(first.numpy(), second.numpy()) == (first.name != "kernel")


def test_kernels_are_normal_with_the_variance_of_he_and_others(network):
    scaled = [
        weight.numpy().ravel() * np.sqrt(np.prod(weight.shape[:-1]) / 2)
        for weight in network.trainable_weights
        if weight.name == "kernel"
    ]
    values = np.concatenate(scaled)
    assert len(values) > 100_000
    assert abs(values.mean()) < 0.01
    assert values.std() == pytest.approx(1, abs=0.01)
    # A truncated normal would have no values beyond 2 standard deviations; a normal has 4.55 % of them.
    assert (abs(values) > 2).mean() == pytest.approx(0.0455, abs=0.003)


def test_no_two_kernels_are_the_same_draw(network):
    starts = [weight.numpy().ravel()[:4] for weight in network.trainable_weights if weight.name == "kernel"]
    scaled = np.array([start / np.linalg.norm(start) for start in starts])
    assert len(np.unique(scaled.round(4), axis=0)) == len(starts)


def test_residual_units_begin_as_their_shortcuts_where_their_last_kernels_are_zero(network):
    other = build(seed=3, zero_init_residual=True)
    zero = [weight.path for weight in other.trainable_weights if weight.name == "kernel" and not weight.numpy().any()]
    units = [layer for layer in other.layers if layer.name.endswith("_add")]
    assert len(zero) == len(units) > 10
    for first, second in zip(network.weights, other.weights, strict=True):
        assert np.array_equal(first.numpy(), second.numpy()) == (second.path not in zero)
    images = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32)
    for before, after in keras.Model(other.input, [[unit.input[0], unit.output] for unit in units])(images):
        np.testing.assert_array_equal(before, after)
