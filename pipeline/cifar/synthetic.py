"""An embedded data set in the CIFAR-10 layout: ten shapes of any size and place, under noise.

Each class prefers a color, which varies so much that neither shape nor color tells all classes apart at once.

It is drawn with integer arithmetic from a counter-based generator whose raw bits NumPy promises to keep, so that
it is the same to the byte on every machine.
"""

import numpy as np

CLASSES = (
    "disc", "ring", "square", "frame", "diamond", "diamond frame", "plus", "cross", "rows", "columns",
)  # fmt: skip
COLORS = (
    (200, 60, 60), (60, 200, 60), (60, 60, 200), (200, 200, 60), (200, 60, 200),
    (60, 200, 200), (215, 215, 215), (45, 45, 45), (220, 130, 50), (130, 60, 180),
)  # fmt: skip
COLOR_SPREAD = 64  # a shape's color is off its class' color by up to this much
NOISE = 32  # and each pixel by up to this much


def draw_images(count: int, stream: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw labelled images; equal arguments give equal bytes, and streams do not overlap.

    Args:
        count: how many; the classes take turns, so that they are balanced.
        stream: which independent part of the data set this is, 0 or more.

    Returns:
        images, uint8 (count, 32, 32, 3), and labels, int64 (count,), from 0 to 9.
    """
    bits = np.random.Philox(key=stream)

    def draw(low: int, high: int, *shape: int) -> np.ndarray:
        raw = np.asarray(bits.random_raw(count * int(np.prod(shape))))
        return (low + (raw >> np.uint64(32)).astype(np.int64) % (high - low + 1)).reshape(count, *shape)

    labels = np.arange(count) % len(CLASSES)
    radius, center_x, center_y = draw(6, 11, 1, 1), draw(12, 19, 1, 1), draw(12, 19, 1, 1)
    background = draw(60, 195, 1, 1, 3)
    color = np.array(COLORS)[labels][:, None, None] + draw(-COLOR_SPREAD, COLOR_SPREAD, 1, 1, 3)
    axis = np.arange(32)
    masks = _shapes(axis[None, None, :] - center_x, axis[None, :, None] - center_y, radius)
    mask = np.choose(labels[:, None, None], masks)
    pixels = np.where(mask[..., None], color, background) + draw(-NOISE, NOISE, 32, 32, 3)
    return np.clip(pixels, 0, 255).astype(np.uint8), labels


def _shapes(dx: np.ndarray, dy: np.ndarray, radius: np.ndarray) -> list[np.ndarray]:
    """Where each class' shape is, given the distances from its center: one boolean (n, 32, 32) a class."""
    x, y = np.broadcast_arrays(abs(dx), abs(dy))
    squared, box, taxi = x * x + y * y, np.maximum(x, y), x + y
    inside = box <= radius
    half, third = radius // 2, radius // 3
    return [
        squared <= radius * radius,
        (squared <= radius * radius) & (squared > half * half),
        inside,
        inside & (box > half),
        taxi <= radius,
        (taxi <= radius) & (taxi > half),
        inside & ((x <= third) | (y <= third)),
        inside & (abs(x - y) <= third),
        inside & (y % 4 < 2),
        inside & (x % 4 < 2),
    ]
