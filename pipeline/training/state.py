"""What changes in training, as named arrays for a checkpoint and back."""

import keras
import numpy as np

from pipeline.compute.devices import copies_of
from pipeline.errors import InputError
from pipeline.training.average import AverageWeights

MOST_STEPS = 2**26  # of a run


def seed_dropout(network: keras.Model, seed: int, step: int) -> None:
    """Set the dropout layers' counters, so that what they drop is a function of (seed, step).

    On several devices of TensorFlow it depends on the device too, and so on their number.
    """
    for layer in network.layers:
        if isinstance(layer, keras.layers.Dropout):
            state = layer.seed_generator.state
            state.assign(np.array([seed, step], np.uint32))
            # Otherwise each device would drop the same in its share.
            for number, copy in enumerate(copies_of(state)):
                copy.assign(np.array([seed, step + number * MOST_STEPS], np.uint32))


def collect_arrays(network: keras.Model, average: AverageWeights) -> dict[str, np.ndarray]:
    """All that changes in training, as arrays by name."""
    return {name: keras.ops.convert_to_numpy(variable) for name, variable in _variables(network, average).items()}


def restore_arrays(network: keras.Model, average: AverageWeights, arrays: dict[str, np.ndarray]) -> None:
    """Put arrays that `collect_arrays` made back in their places."""
    variables = _variables(network, average)
    if difference := variables.keys() ^ arrays.keys():
        raise InputError(
            f"the checkpoint requires the arrays of {network.name}. Received: others, as {min(difference)}"
        )
    for name, variable in variables.items():
        variable.assign(arrays[name])


def _variables(network: keras.Model, average: AverageWeights) -> dict[str, keras.Variable]:
    groups = {"network": network.variables, "optimizer": network.optimizer.variables, "average": average.variables}
    # By number, because Keras counts up some names in each process: sgd, sgd_1, …
    return {
        f"{group}/{number}/{variable.name}": variable
        for group, variables in groups.items()
        for number, variable in enumerate(variables)
    }
