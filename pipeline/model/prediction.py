"""Apply a model to many images."""

import keras
import numpy as np


def predict(model: keras.Model, images: np.ndarray, batch_size: int) -> np.ndarray:
    """The model's outputs for all images, float32 (n, classes).

    The last batch is filled up with zeros, so that the model is traced for one shape only.
    """
    padding = -len(images) % batch_size
    filled = np.concatenate([images, np.zeros((padding, *images.shape[1:]), images.dtype)])
    return model.predict(filled, batch_size=batch_size, verbose=0)[: len(images)]
