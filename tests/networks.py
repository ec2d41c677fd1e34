"""Settings of networks that several tests share, and what a network takes."""

import math

# The paper's Attention Module, and nothing regularized.
PLAIN = {"learning": "arl", "attention": "mixed", "mask": "hourglass", "classes": 10, "dropout": 0.0, "l2": 0.0}


def count_parameters(model):
    """What is trained, in numbers."""
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def count_multiplications(model):
    """Multiplications of all convolutions, for one image."""
    convolutions = [layer for layer in model.layers if "kernel_size" in dir(layer)]
    return sum(math.prod((*layer.kernel.shape, *layer.output.shape[1:3])) for layer in convolutions)
