"""The report's pictures.

Predictions are tables with a row for each test image and the columns actual, predicted and probability: from 0 to 1, of
the predicted class.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.image import imsave
from matplotlib.ticker import MaxNLocator

from pipeline.evaluation.metrics import CALIBRATION_BINS, assign_bins

# The pictures carry no time and no version, so that equal data give equal bytes.
METADATA: dict[str, Any] = {"Software": None}
MISTAKES = 10
PANEL_CHARACTERS = 24  # of a legend for which a panel has room


LINES = ("solid", "dashed", "dotted", "dashdot")  # of the runs in order; after them, again with other colors
Histories = dict[str, dict[str, pd.DataFrame]]  # by run and network


def draw_learning_curves(runs: Histories) -> Figure:
    """Error over epochs, of training's augmented batches and of validation.

    Args:
        runs: with the columns epoch, train_error_percent and validation_error_percent.
    """
    titles = {"train_error_percent": "training (augmented batches)", "validation_error_percent": "validation"}
    return draw_histories(runs, titles, "error, %", sharey=True)


def draw_optimization(runs: Histories) -> Figure:
    """Loss and learning rate over epochs.

    Args:
        runs: with the columns epoch, train_loss, validation_loss and learning_rate.
    """
    titles = {
        "train_loss": "training loss",
        "validation_loss": "validation loss",
        "learning_rate": "learning rate",
    }
    return draw_histories(runs, titles, "", sharey=False)


def draw_histories(runs: Histories, titles: dict[str, str], unit: str, *, sharey: bool) -> Figure:
    """Columns of histories over epochs, a panel each: one color a network, one line style a run."""
    networks = list(dict.fromkeys(network for histories in runs.values() for network in histories))
    figure = Figure(figsize=(10, 4), layout="constrained")
    panels = figure.subplots(1, len(titles), sharey=sharey)
    for axes, (column, title) in zip(panels, titles.items(), strict=True):
        for number, (run, histories) in enumerate(runs.items()):
            again, line = divmod(number, len(LINES))
            for network, history in histories.items():
                color = f"C{again * len(networks) + networks.index(network)}"
                style: dict[str, Any] = {"color": color, "linestyle": LINES[line]}
                if history[column].notna().any():
                    marker = "o" if len(history) < 20 else ""
                    label = f"{network}, {run}" if len(runs) > 1 else network
                    axes.plot(history["epoch"], history[column], marker=marker, label=label, **style)
        axes.set(title=title, xlabel="epoch", ylim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    panels[0].set_ylabel(unit)
    handles, labels = panels[0].get_legend_handles_labels()
    if max(map(len, labels), default=0) > PANEL_CHARACTERS:
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    else:
        panels[0].legend()
    return figure


def draw_confusion(network: str, predictions: pd.DataFrame, classes: list[str]) -> Figure:
    """The confusion matrix, in percent of each actual class, with numbers where there are at most twenty classes."""
    counts = pd.crosstab(predictions["actual"], predictions["predicted"]).reindex(
        index=classes, columns=classes, fill_value=0
    )
    shares = 100 * counts.to_numpy() / np.maximum(counts.to_numpy().sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6, 5.4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    axes.set(title=f"{network}: test images, % of each class", xlabel="predicted", ylabel="actual")
    if len(classes) <= 20:
        axes.set_xticks(range(len(classes)), classes, rotation=45, ha="right")
        axes.set_yticks(range(len(classes)), classes)
        for (row, column), share in np.ndenumerate(shares):
            if (number := f"{share:.0f}") != "0":
                color = "white" if share > 50 else "black"
                axes.text(column, row, number, ha="center", va="center", fontsize=8, color=color)
    return figure


def draw_calibration(network: str, predictions: pd.DataFrame) -> Figure:
    """How often the model is right where it says how likely that is, and how many images it says that of.

    Source: the reliability diagram of Guo et al. 2017 (arXiv 1706.04599), figure 1.
    """
    right = (predictions["actual"] == predictions["predicted"]).to_numpy()
    bins = assign_bins(predictions["probability"].to_numpy())
    images = np.bincount(bins, minlength=CALIBRATION_BINS)
    shares = 100 * np.bincount(bins, weights=right, minlength=CALIBRATION_BINS) / np.maximum(images, 1)
    edges = np.linspace(0, 100, CALIBRATION_BINS + 1)
    figure = Figure(figsize=(5, 5), layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    upper.bar(edges[:-1], shares, np.diff(edges), align="edge", edgecolor="white", label="right")
    upper.plot([0, 100], [0, 100], "--", color="gray", label="as often as the model says")
    upper.set(title=f"{network}: calibration", ylabel="right, %", ylim=(0, 100))
    upper.legend(loc="upper left")
    lower.bar(edges[:-1], images, np.diff(edges), align="edge", edgecolor="white", color="gray")
    lower.set(xlabel="probability of the predicted class, %", ylabel="images", xlim=(0, 100))
    return figure


def draw_mistakes(network: str, predictions: pd.DataFrame, images: np.ndarray) -> Figure:
    """The wrongly classified images that the model is most certain of, ten at most; images are uint8 (n, 32, 32, 3)."""
    figure = Figure(figsize=(10, 5.6), layout="constrained")
    panels = figure.subplots(2, MISTAKES // 2)
    for axes in panels.flat:
        axes.axis("off")
    chosen = find_confident_mistakes(predictions, MISTAKES)
    for axes, number in zip(panels.flat, chosen.index.tolist(), strict=False):
        actual, predicted, probability = chosen.loc[number, ["actual", "predicted", "probability"]].tolist()
        axes.imshow(images[number])
        axes.set_title(f"image {number}: {actual},\ntaken for {predicted}\n({100 * probability:.1f} %)", fontsize=9)
    figure.suptitle(f"{network}: the most confident mistakes")
    return figure


def find_confident_mistakes(predictions: pd.DataFrame, count: int) -> pd.DataFrame:
    """The wrong predictions of the highest probability, that first; their index is the images' number."""
    wrong = predictions[predictions["actual"] != predictions["predicted"]]
    return wrong.sort_values("probability", ascending=False, kind="stable").head(count)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a picture as PNG."""
    figure.savefig(path, format="png", dpi=100, metadata=METADATA)


def save_mean_image(mean: np.ndarray, path: Path) -> None:
    """Write the mean image, float32 (32, 32, 3) from 0 to 255, as PNG, enlarged eight times."""
    pixels = mean.round().astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    imsave(path, pixels, metadata=METADATA)
