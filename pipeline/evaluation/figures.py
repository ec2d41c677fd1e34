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


def draw_learning_curves(runs: dict[str, dict[str, pd.DataFrame]], path: Path) -> None:
    """Error over epochs, of training's augmented batches and of validation: one color a network, one line style a run.

    Args:
        runs: histories by run and network, with the columns epoch, train_error_percent and validation_error_percent.
        path: the PNG to write.
    """
    networks = list(dict.fromkeys(network for histories in runs.values() for network in histories))
    figure, panels = plt.subplots(1, 2, figsize=(10, 4), layout="constrained", sharey=True)
    titles = {"train_error_percent": "training (augmented batches)", "validation_error_percent": "validation"}
    for axes, (column, title) in zip(panels, titles.items(), strict=True):
        for (run, histories), line in zip(runs.items(), ("-", "--"), strict=False):
            for network, history in histories.items():
                style: dict[str, Any] = {"color": f"C{networks.index(network)}", "linestyle": line}
                if history[column].notna().any():
                    marker = "o" if len(history) < 20 else ""
                    label = f"{network}, {run}" if len(runs) > 1 else network
                    axes.plot(history["epoch"], history[column], marker=marker, label=label, **style)
        axes.set(title=title, xlabel="epoch", ylim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("error, %")
    panels[0].legend()
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
