"""One training over several devices of a machine: each has all weights, and a share of every batch.

Which devices these are, `spread_over` tells the process, and what is built afterwards follows it; with one device there
is nothing of this. The batch stays one: its loss, its gradients and its batch normalization are those of all shares.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras

from pipeline.errors import InputError

Tensor = Any  # of the backend
Sharding = Any  # of JAX


def spread_over(number: int) -> None:
    """Build and train everything that follows on the first GPUs or, where there are none, on virtual CPUs.

    To be called before a network is built.

    Args:
        number: of devices, 2 or more.

    Raises:
        InputError: there are fewer.
    """
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        found = jax.devices()
    else:
        import tensorflow as tf

        found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(found) < number:
        raise InputError(f"compute.devices requires {number} devices that {backend} can use. Received: {len(found)}")
    if backend == "jax":
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=found[:number]))
    else:
        names = [device.name for device in found[:number]]
        tf.distribute.experimental_set_strategy(tf.distribute.MirroredStrategy(names))


def is_mirrored() -> bool:
    """Whether TensorFlow trains on several devices."""
    import tensorflow as tf

    return keras.backend.backend() == "tensorflow" and tf.distribute.has_strategy()


def share_step(network: keras.Model) -> Callable[[tuple[Tensor, Tensor]], dict[str, Tensor]]:
    """A network's `train_step` on TensorFlow, over several devices.

    Returns:
        A function to be called in a `tf.function`: from a batch, whose size the number of devices divides, to the
        running means of loss and accuracy.
    """
    import tensorflow as tf

    strategy = tf.distribute.get_strategy()

    def step(batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        shares = list(zip(*(tf.split(part, strategy.num_replicas_in_sync) for part in batch), strict=True))
        share = strategy.experimental_distribute_values_from_function(
            lambda context: shares[context.replica_id_in_sync_group]
        )
        with _global_statistics(network):
            results = strategy.run(network.train_step, args=(share,))
        # Each device has the means of its own shares, which are equally large.
        return {name: strategy.reduce("mean", value, axis=None) for name, value in results.items()}

    return step


@contextmanager
def _global_statistics(network: keras.Model) -> Iterator[None]:
    """Trace batch normalization with the statistics of all shares; only so long, as it would be saved with a model."""
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in layers:
        layer.synchronized = True
    try:
        yield
    finally:
        for layer in layers:
            layer.synchronized = False


def copies_of(variable: keras.Variable) -> list[Any]:
    """The copies of a variable on TensorFlow's devices, the first device's first; none where there is one device."""
    return list(variable.value.values) if is_mirrored() else []


def find_shardings() -> tuple[Sharding | None, Sharding | None]:
    """Where JAX has what is whole on every device, and what the devices share along its first axis.

    Returns:
        None and None, which mean wherever it is, where there is one device.
    """
    distribution = keras.distribution.distribution()
    if distribution is None:
        return None, None
    from jax.sharding import NamedSharding, PartitionSpec

    mesh = distribution.device_mesh.backend_mesh
    return NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec(distribution.batch_dim_name))
