"""Keras' layers by other operations: the same weights, configuration and results, to rounding.

They have the names of Keras' own, so that a saved model is one of Keras' layers; `pipeline.model.saving` writes it so.
"""

import math

import keras
from keras import ops


class BatchNormalization(keras.layers.BatchNormalization):
    """Batch normalization of feature maps, on TensorFlow by its fused operation.

    Keras puts it together from a dozen operations, each of which goes through all feature maps.
    """

    def call(
        self, inputs: keras.KerasTensor, training: bool | None = None, mask: keras.KerasTensor | None = None
    ) -> keras.KerasTensor:
        """Normalize feature maps, (batch, height, width, channels), over all axes but the last."""
        # Over several devices the statistics are of all their shares, which the operation does not see.
        if keras.backend.backend() != "tensorflow" or self.synchronized or not (self.scale and self.center):
            return super().call(inputs, training, mask)
        from tensorflow.compat.v1.nn import fused_batch_norm

        affine = {"scale": ops.convert_to_tensor(self.gamma), "offset": ops.convert_to_tensor(self.beta)}
        if not (training and self.trainable):
            statistics = {"mean": self.moving_mean.value, "variance": self.moving_variance.value}
            return fused_batch_norm(inputs, **affine, **statistics, epsilon=self.epsilon, is_training=False)[0]
        outputs, mean, variance = fused_batch_norm(inputs, **affine, epsilon=self.epsilon)
        # The operation gives the variance of a sample, n / (n - 1) of the batch's own, which Keras averages.
        count = ops.cast(math.prod(inputs.shape[1:3]) * ops.shape(inputs)[0], "float32")
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance * (count - 1) / count)):
            moving.assign(moving.value * self.momentum + value * (1 - self.momentum))
        return outputs


class Dense(keras.layers.Dense):
    """A dense layer, on TensorFlow by a convolution of images of one pixel.

    Products of matrices are divided by the CPU's cache sizes, and rounded accordingly; convolutions are not.
    """

    def call(self, inputs: keras.KerasTensor, training: bool | None = None) -> keras.KerasTensor:
        """Map features, (batch, features), to (batch, units)."""
        if keras.backend.backend() != "tensorflow":
            return super().call(inputs, training)
        pixels = ops.reshape(inputs, (-1, 1, 1, inputs.shape[-1]))
        outputs = ops.conv(pixels, ops.reshape(self.kernel, (1, 1, -1, self.units)))
        return self.activation(ops.reshape(outputs, (-1, self.units)) + self.bias)


class UnitNormalization(keras.layers.UnitNormalization):
    """Division by the L2 norm, by a square root, which is exact.

    Keras multiplies by `rsqrt`, which is an approximation, each maker's of CPUs its own.
    """

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Normalize values over the layer's axis; zeros stay zeros."""
        values = ops.cast(inputs, "float32")
        squares = ops.sum(ops.square(values), self.axis, keepdims=True)
        # The root has no gradient at 0.
        norms = ops.sqrt(ops.where(squares > 0, squares, 1.0))
        return ops.cast(values / norms, self.compute_dtype)


class GroupNormalization(keras.layers.GroupNormalization):
    """Group normalization of one channel a group, by a square root as `UnitNormalization` is."""

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Normalize each image's feature maps, (batch, height, width, channels), one by one."""
        if self.groups != inputs.shape[-1] or self.scale or self.center:
            return super().call(inputs)
        maps = ops.cast(inputs, "float32")
        centered = maps - ops.mean(maps, (1, 2), keepdims=True)
        variance = ops.mean(ops.square(centered), (1, 2), keepdims=True)
        return ops.cast(centered / ops.sqrt(variance + self.epsilon), self.compute_dtype)
