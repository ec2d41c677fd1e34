"""Initial weights as a function of the seed alone: the same in every process and on every backend."""

import hashlib

import keras
import numpy as np

from pipeline.model.residual_unit import LAST_CONVOLUTION


def initialize_weights(network: keras.Model, seed: int, *, zero_init_residual: bool) -> None:
    """Draw all kernels; biases and batch normalization begin with Keras' zeros and ones.

    A kernel is normal with variance 2 / fan-in (He et al. 2015, arXiv 1502.01852, equation 10), a function of
    (seed, its path): networks that differ in their learning, or in parts, begin alike in what they share.

    Args:
        network: whose weights are set.
        seed: 0 or more.
        zero_init_residual: the last kernel of every residual unit is zero, so that the unit begins as its shortcut
            (Goyal et al. 2017, arXiv 1706.02677, section 5.1; there it is the last normalization's scale).
    """
    for kernel in [weight for weight in network.trainable_weights if weight.name == "kernel"]:
        number = int.from_bytes(hashlib.sha256(kernel.path.encode()).digest()[:8], "little")
        random = np.random.Generator(np.random.Philox(key=np.array([seed, number], np.uint64)))
        fan_in = int(np.prod(kernel.shape[:-1]))
        if zero_init_residual and kernel.path.split("/")[-2].endswith(LAST_CONVOLUTION):
            kernel.assign(np.zeros(kernel.shape, np.float32))
            continue
        kernel.assign(random.standard_normal(kernel.shape, np.float32) * np.float32(np.sqrt(2 / fan_in)))
