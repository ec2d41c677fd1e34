"""The optimizer and the loss, compiled into a network."""

import keras

from pipeline.settings.sections import Decayed, Optimizer


def compile_network(
    network: keras.Model,
    *,
    optimizer: Optimizer,
    momentum: float,
    weight_decay: float,
    decayed: Decayed,
    label_smoothing: float,
) -> None:
    """Give a network its optimizer and cross-entropy loss; the learning rate is 0 until a step is given another.

    Args:
        network: with logits as output.
        optimizer: "sgd", with Nesterov momentum, or "adam", for which `momentum` is beta 1.
        momentum: from 0 to below 1.
        weight_decay: decoupled: each step takes off learning rate × decay × weight (Loshchilov and Hutter 2019,
            arXiv 1711.05101). At momentum 0.9 it acts like an L2 factor a tenth of it.
        decayed: "all" trainable weights, or "kernels" only: no bias, no scale and offset of a normalization.
        label_smoothing: from 0 to below 1 (Szegedy et al. 2016, arXiv 1512.00567, section 7).
    """
    decay = weight_decay or None
    if optimizer == "sgd":
        chosen = keras.optimizers.SGD(0.0, momentum, nesterov=momentum > 0, weight_decay=decay)
    else:
        chosen = keras.optimizers.Adam(0.0, beta_1=momentum, weight_decay=decay)
    if decayed == "kernels":
        chosen.exclude_from_weight_decay([weight for weight in network.trainable_weights if weight.name != "kernel"])
    network.compile(
        chosen,
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=label_smoothing),
        metrics=[keras.metrics.CategoricalAccuracy("accuracy")],
        # XLA is slower than TensorFlow's own kernels on a CPU, and exact operations switch it off; JAX always uses it.
        jit_compile=keras.backend.backend() == "jax",
    )
