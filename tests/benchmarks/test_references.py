"""What the benchmarks compare with does the same work."""

import pytest
import tensorflow as tf

from benchmarks.references.keras_network import build_reference
from benchmarks.training import SETTINGS
from pipeline.model.network import build_network
from tests.networks import PLAIN


def count_convolution_products(model):
    """Multiplications of all convolutions, for one image."""
    convolutions = [layer for layer in model.layers if "kernel_size" in dir(layer)]
    return sum(int(tf.size(layer.kernel)) * layer.output.shape[1] * layer.output.shape[2] for layer in convolutions)


@pytest.mark.parametrize(("network", "layout", "width"), SETTINGS)
def test_the_reference_network_has_the_shapes_of_ours(network, layout, width):
    reference = build_reference(network, layout, float(width))
    ours = build_network(network, layout=layout, width=float(width), **PLAIN)
    assert reference.count_params() == ours.count_params()
    assert count_convolution_products(reference) == count_convolution_products(ours) > 1e6
