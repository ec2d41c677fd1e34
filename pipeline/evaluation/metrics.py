"""Errors, losses and calibration, from labels and a model's outputs.

Logarithms are Python's: NumPy's round by the CPU's extensions.
"""

import math

import numpy as np

CALIBRATION_BINS = 15


def error_percent(scores: np.ndarray, labels: np.ndarray) -> float:
    """The share of images whose highest score is not their class, in percent.

    Args:
        scores: logits or probabilities, (n, classes), n at least 1.
        labels: int64 (n,).
    """
    return 100.0 * int((scores.argmax(axis=1) != labels).sum()) / len(labels)


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative log-likelihood in nats, from logits (n, classes)."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    rows = zip(shifted.tolist(), labels.tolist(), strict=True)
    losses = [math.log(math.fsum(map(math.exp, row))) - row[label] for row, label in rows]
    return math.fsum(losses) / len(losses)


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative log-likelihood in nats, from probabilities (n, classes), bounded away from 0."""
    chosen = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return -math.fsum(math.log(max(probability, 1e-12)) for probability in chosen.tolist()) / len(labels)


def calibration_error_percent(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error in percent (Guo et al. 2017, arXiv 1706.04599, equation 3), 15 equal bins."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    gaps = np.bincount(assign_bins(confidence), weights=correct - confidence, minlength=CALIBRATION_BINS)
    return float(100 * np.abs(gaps).sum() / len(labels))


def assign_bins(confidence: np.ndarray) -> np.ndarray:
    """The number of the equal bin, from 0, that each probability belongs to; 1 belongs to the last."""
    return np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)


def errors_per_class_percent(probabilities: np.ndarray, labels: np.ndarray) -> list[float]:
    """The error among the images of each class, in percent."""
    wrong = probabilities.argmax(axis=1) != labels
    classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=classes)
    return (100 * np.bincount(labels, weights=wrong, minlength=classes) / np.maximum(counts, 1)).tolist()
