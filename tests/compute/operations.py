"""The operations of a training, by themselves: a digest of each one's results and gradients; as a command, as JSON.

Usage: python -m tests.compute.operations, with the kernels that the environment says
"""

import hashlib
import json
from collections.abc import Callable

import numpy as np


def draw(key: int, *shape: int) -> np.ndarray:
    """Numbers from -0.5 to 0.5, by integer arithmetic, float32."""
    raw = np.asarray(np.random.Philox(key=key).random_raw(int(np.prod(shape))))
    return (((raw >> np.uint64(40)).astype(np.float64) / 2**24) - 0.5).astype(np.float32).reshape(shape)


def hash_results(function: Callable, *inputs: np.ndarray) -> str:
    """Of the outputs and, with a loss of their squares, of the gradients with respect to the inputs."""
    import tensorflow as tf

    tensors = [tf.constant(array) for array in inputs]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        outputs = function(*tensors)
        loss = tf.reduce_sum(tf.square(outputs))
    digest = hashlib.sha256()
    for result in (outputs, *tape.gradient(loss, tensors)):
        digest.update(result.numpy().tobytes())
    return digest.hexdigest()[:12]


def list_operations() -> dict[str, str]:
    """Digests by operation."""
    import keras
    import tensorflow as tf
    from tensorflow.compat.v1.nn import fused_batch_norm

    from pipeline.model.soft_mask import ATTENTIONS

    def convolution(strides: int) -> Callable:
        return lambda x, kernel: tf.nn.conv2d(x, kernel, strides, "SAME")

    def attention(name: str) -> Callable:
        x = keras.Input(wide.shape[1:])
        return keras.Model(x, ATTENTIONS[name](x, name))

    maps, wide = draw(1, 50, 16, 16, 32), draw(2, 128, 16, 16, 48)
    scores, labels = 8 * draw(3, 200, 10), tf.one_hot(np.arange(200) % 10, 10)
    positive = np.abs(draw(4, 10_000)) + np.float32(1e-3)
    moving = draw(19, 32), np.abs(draw(20, 32)) + np.float32(1e-3)
    return {
        "convolution 1×1": hash_results(convolution(1), maps, draw(5, 1, 1, 32, 8)),
        "convolution 1×1, stride 2": hash_results(convolution(2), wide[:16], draw(6, 1, 1, 48, 96)),
        "convolution 3×3": hash_results(convolution(1), draw(7, 50, 16, 16, 8), draw(8, 3, 3, 8, 8)),
        "convolution 3×3, stride 2": hash_results(convolution(2), draw(9, 10, 8, 8, 64), draw(10, 3, 3, 64, 64)),
        "convolution 5×5 of three channels": hash_results(convolution(1), draw(11, 5, 32, 32, 3), draw(12, 5, 5, 3, 8)),
        "dense layer": hash_results(tf.matmul, draw(13, 128, 384), draw(14, 384, 10)),
        "batch normalization": hash_results(
            lambda *arguments: fused_batch_norm(*arguments, epsilon=1e-5)[0], maps, draw(15, 32), draw(16, 32)
        ),
        "batch normalization with moving statistics": hash_results(
            lambda *arguments: fused_batch_norm(*arguments, *moving, epsilon=1e-5, is_training=False)[0],
            *(maps, draw(15, 32), draw(16, 32)),
        ),
        "softmax": hash_results(tf.nn.softmax, scores),
        "cross-entropy": hash_results(lambda x: tf.nn.softmax_cross_entropy_with_logits(labels, x), scores),
        "sigmoid": hash_results(tf.sigmoid, maps),
        **{f"{name} attention": hash_results(attention(name), wide) for name in ATTENTIONS},
        "max pooling": hash_results(lambda x: tf.nn.max_pool2d(x, 3, 2, "SAME"), maps),
        "bilinear resize": hash_results(lambda x: tf.image.resize(x, (32, 32)), maps),
        "mean over pixels": hash_results(lambda x: tf.reduce_mean(x, (1, 2)), maps),
        "square root and division": hash_results(lambda x: 1.3 / tf.sqrt(x), positive),
        "rsqrt": hash_results(tf.math.rsqrt, positive),
        "reciprocal": hash_results(tf.math.reciprocal, positive),
        "product with 12,800 rows, transposed": hash_results(tf.matmul, draw(17, 12800, 32), draw(18, 32, 8)),
    }


def main() -> None:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.config.experimental.enable_op_determinism()
    print(json.dumps(list_operations(), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
