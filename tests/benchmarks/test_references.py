"""What the benchmarks compare with does the same work."""

import pytest

from benchmarks.references.keras_network import build_reference
from benchmarks.training import SETTINGS
from pipeline.model.network import build_network
from tests.networks import PLAIN, count_multiplications


@pytest.mark.parametrize(("network", "layout", "width"), SETTINGS)
def test_the_reference_network_has_the_shapes_of_ours(network, layout, width):
    reference = build_reference(network, layout, float(width))
    ours = build_network(network, layout=layout, width=float(width), **PLAIN)
    assert reference.count_params() == ours.count_params()
    assert count_multiplications(reference) == count_multiplications(ours) > 1e6
