"""The report's pictures."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

# The pictures carry no time and no version, so that equal data give equal bytes.
METADATA = {"Software": None}


def draw_learning_curves(histories: dict[str, pd.DataFrame], path: Path) -> None:
    """Error over epochs, one color a network: dashed for training batches, solid for validation.

    Args:
        histories: by network, with the columns epoch, train_error_percent and validation_error_percent.
        path: the PNG to write.
    """
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for number, (network, history) in enumerate(histories.items()):
        style: dict[str, Any] = {"color": f"C{number}", "marker": "o" if len(history) < 20 else ""}
        curves = {"train (augmented)": "train_error_percent", "validation": "validation_error_percent"}
        for (label, column), line in zip(curves.items(), ("--", "-"), strict=True):
            if history[column].notna().any():
                axes.plot(history["epoch"], history[column], line, label=f"{network}, {label}", **style)
    axes.set(xlabel="epoch", ylabel="error, %", ylim=(0, None))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    _save(figure, path)


def draw_confusion(predictions: pd.DataFrame, classes: list[str], title: str, path: Path) -> None:
    """The confusion matrix, in percent of each actual class, with numbers where there are at most twenty classes.

    Args:
        predictions: with the columns actual and predicted.
        classes: in the order of rows and columns.
        title: of the picture.
        path: the PNG to write.
    """
    counts = pd.crosstab(predictions["actual"], predictions["predicted"]).reindex(
        index=classes, columns=classes, fill_value=0
    )
    shares = 100 * counts.to_numpy() / np.maximum(counts.to_numpy().sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(6, 5.4), layout="constrained")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    axes.set(title=title, xlabel="predicted", ylabel="actual")
    if len(classes) <= 20:
        axes.set_xticks(range(len(classes)), classes, rotation=45, ha="right")
        axes.set_yticks(range(len(classes)), classes)
        for (row, column), share in np.ndenumerate(shares):
            if share >= 0.5:
                color = "white" if share > 50 else "black"
                axes.text(column, row, f"{share:.0f}", ha="center", va="center", fontsize=8, color=color)
    _save(figure, path)


def draw_mean_image(mean: np.ndarray, path: Path) -> None:
    """The mean image, enlarged eight times: mean is float32 (32, 32, 3), from 0 to 255."""
    pixels = mean.round().astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    plt.imsave(path, pixels, metadata=METADATA)


def _save(figure: plt.Figure, path: Path) -> None:
    figure.savefig(path, dpi=100, metadata=METADATA)
    plt.close(figure)
