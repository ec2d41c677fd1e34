"""Keras' layers by faster operations: the same weights, configuration and results, to rounding.

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
        if keras.backend.backend() != "tensorflow":
            return super().call(inputs, training, mask)
        from tensorflow.compat.v1.nn import fused_batch_norm

        affine = {"scale": ops.convert_to_tensor(self.gamma), "offset": ops.convert_to_tensor(self.beta)}
        if not training:
            statistics = {"mean": self.moving_mean.value, "variance": self.moving_variance.value}
            return fused_batch_norm(inputs, **affine, **statistics, epsilon=self.epsilon, is_training=False)[0]
        outputs, mean, variance = fused_batch_norm(inputs, **affine, epsilon=self.epsilon)
        # The operation gives the variance of a sample, n / (n - 1) of the batch's own, which Keras averages.
        count = ops.cast(math.prod(inputs.shape[1:3]) * ops.shape(inputs)[0], "float32")
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance * (count - 1) / count)):
            moving.assign(moving.value * self.momentum + value * (1 - self.momentum))
        return outputs


class Conv2D(keras.layers.Conv2D):
    """A convolution; where it looks at single pixels, a product of matrices, which has faster kernels on a CPU."""

    def convolution_op(self, inputs: keras.KerasTensor, kernel: keras.KerasTensor) -> keras.KerasTensor:
        """Convolve feature maps, (batch, height, width, channels), with a kernel, without the bias."""
        # With a bias, TensorFlow's convolution sums up its gradient in a higher precision.
        if self.kernel_size != (1, 1) or self.strides != (1, 1) or self.use_bias:
            return super().convolution_op(inputs, kernel)
        _, height, width, channels = inputs.shape
        pixels = ops.reshape(inputs, (-1, channels))
        outputs = ops.matmul(pixels, ops.reshape(kernel, (channels, self.filters)))
        return ops.reshape(outputs, (-1, height, width, self.filters))
