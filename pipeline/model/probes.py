"""What lies inside of a network for given images: its soft masks, and how large each stage's features are."""

import keras
import numpy as np

from pipeline.model.prediction import predict

MASK = "_mask"  # the end of a soft mask's name, see `pipeline.model.soft_mask`


def measure_responses(network: keras.Model, images: np.ndarray, batch_size: int) -> dict[str, np.ndarray]:
    """The mean absolute response of each stage's output (Wang et al. 2017, arXiv 1704.06904, figure 4).

    Args:
        network: from `pipeline.model.network.build_network`.
        images: mean-subtracted, float32 (n, 32, 32, 3).
        batch_size: images at a time.

    Returns:
        By stage, "stage1" first: of each image, float32 (n,).
    """
    # Layers come by depth, so that a stage's last one is its output.
    outputs = {layer.name.partition("_")[0]: layer.output for layer in network.layers if layer.name.startswith("stage")}
    means = {stage: keras.ops.mean(keras.ops.abs(output), axis=(1, 2, 3)) for stage, output in outputs.items()}
    return predict(keras.Model(network.input, means), images, batch_size)


def read_masks(network: keras.Model, images: np.ndarray, batch_size: int) -> dict[str, np.ndarray]:
    """The soft mask of each Attention Module, from 0 to 1, or of channel attention from -1 to 1.

    Args:
        network: see `measure_responses`, as the others.
        images: see there.
        batch_size: see there.

    Returns:
        By module, such as "stage1_module1", in their order: float32 (n, size, size, channels).
    """
    masks = {layer.name.removesuffix(MASK): layer.output for layer in network.layers if layer.name.endswith(MASK)}
    return predict(keras.Model(network.input, masks), images, batch_size) if masks else {}
