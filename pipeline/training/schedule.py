"""Learning rates as arrays: one value for each global step of a run."""

import math
from collections.abc import Sequence

import numpy as np

from pipeline.settings.sections import CosineLearningRate, Train


def tabulate_learning_rates(settings: Train, steps_per_epoch: int) -> np.ndarray:
    """The learning rate of each global step, float32."""
    rate = settings.learning_rate
    warmup_steps, total_steps = rate.warmup_epochs * steps_per_epoch, settings.epochs * steps_per_epoch
    if isinstance(rate, CosineLearningRate):
        return cosine_learning_rates(rate.peak, warmup_steps, total_steps)
    drop_steps = [epoch * steps_per_epoch for epoch in rate.drop_epochs]
    return step_learning_rates(rate.peak, warmup_steps, total_steps, drop_steps, rate.factor)


def cosine_learning_rates(peak: float, warmup_steps: float, total_steps: int) -> np.ndarray:
    """Linear warm-up to `peak`, then half a cosine to 0.

    Source: Loshchilov and Hutter 2017, "SGDR" (arXiv 1608.03983), equation 5, without restarts.

    Returns:
        float32 (total_steps,); step 0 already has a share of the peak.
    """
    step = np.arange(total_steps, dtype=np.float64)
    progress = np.clip((step - warmup_steps) / max(total_steps - warmup_steps, 1), 0, 1)
    # Not np.cos, which rounds by the CPU's extensions.
    rates = peak * 0.5 * (1 + np.array([math.cos(math.pi * share) for share in progress.tolist()]))
    return _warm_up(rates, warmup_steps)


def step_learning_rates(
    peak: float, warmup_steps: float, total_steps: int, drop_steps: Sequence[float], factor: float
) -> np.ndarray:
    """Linear warm-up to `peak`, then multiplied by `factor` from each of `drop_steps` on.

    Returns:
        float32 (total_steps,).
    """
    drops = [sum(step >= drop for drop in drop_steps) for step in range(total_steps)]
    return _warm_up(np.array([peak * factor**number for number in drops]), warmup_steps)


def _warm_up(rates: np.ndarray, warmup_steps: float) -> np.ndarray:
    ramp = np.minimum(1, (np.arange(len(rates)) + 1) / max(warmup_steps, 1))
    return (rates * ramp).astype(np.float32)
