"""The report's pictures."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from pipeline.evaluation.metrics import CALIBRATION_BINS, assign_bins

# The pictures carry no time and no version, so that equal data give equal bytes.
METADATA = {"Software": None}
MISTAKES = 10


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
            if (number := f"{share:.0f}") != "0":
                color = "white" if share > 50 else "black"
                axes.text(column, row, number, ha="center", va="center", fontsize=8, color=color)
    _save(figure, path)


def draw_calibration(predictions: pd.DataFrame, title: str, path: Path) -> None:
    """How often the model is right where it says how likely that is, and how many images it says that of.

    Source: the reliability diagram of Guo et al. 2017 (arXiv 1706.04599), figure 1.

    Args:
        predictions: with the columns actual, predicted and probability (of the predicted class, from 0 to 1).
        title: of the picture.
        path: the PNG to write.
    """
    right = (predictions["actual"] == predictions["predicted"]).to_numpy()
    bins = assign_bins(predictions["probability"].to_numpy())
    images = np.bincount(bins, minlength=CALIBRATION_BINS)
    shares = 100 * np.bincount(bins, weights=right, minlength=CALIBRATION_BINS) / np.maximum(images, 1)
    edges = np.linspace(0, 100, CALIBRATION_BINS + 1)
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(5, 5), height_ratios=(3, 1), sharex=True, layout="constrained")
    upper.bar(edges[:-1], shares, np.diff(edges), align="edge", edgecolor="white", label="right")
    upper.plot([0, 100], [0, 100], "--", color="black", label="as often as the model says")
    upper.set(title=title, ylabel="right, %", ylim=(0, 100))
    upper.legend(loc="upper left")
    lower.bar(edges[:-1], images, np.diff(edges), align="edge", edgecolor="white", color="gray")
    lower.set(xlabel="probability of the predicted class, %", ylabel="images", xlim=(0, 100))
    _save(figure, path)


def draw_mistakes(images: np.ndarray, predictions: pd.DataFrame, title: str, path: Path) -> None:
    """The wrongly classified images that the model is most certain of, ten at most.

    Args:
        images: uint8 (n, 32, 32, 3).
        predictions: of these images in order, as for `draw_calibration`.
        title: of the picture.
        path: the PNG to write.
    """
    figure, panels = plt.subplots(2, MISTAKES // 2, figsize=(10, 5.6), layout="constrained")
    for axes in panels.flat:
        axes.axis("off")
    chosen = find_confident_mistakes(predictions, MISTAKES)
    for axes, number in zip(panels.flat, chosen.index.tolist(), strict=False):
        actual, predicted, probability = chosen.loc[number, ["actual", "predicted", "probability"]].tolist()
        axes.imshow(images[number])
        axes.set_title(f"image {number}: {actual},\ntaken for {predicted}\n({100 * probability:.1f} %)", fontsize=9)
    figure.suptitle(title)
    _save(figure, path)


def find_confident_mistakes(predictions: pd.DataFrame, count: int) -> pd.DataFrame:
    """The wrong predictions of the highest probability, that first; their index is the images' number."""
    wrong = predictions[predictions["actual"] != predictions["predicted"]]
    return wrong.sort_values("probability", ascending=False, kind="stable").head(count)


def draw_mean_image(mean: np.ndarray, path: Path) -> None:
    """The mean image, enlarged eight times: mean is float32 (32, 32, 3), from 0 to 255."""
    pixels = mean.round().astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    plt.imsave(path, pixels, metadata=METADATA)


def _save(figure: plt.Figure, path: Path) -> None:
    figure.savefig(path, format="png", dpi=100, metadata=METADATA)
    plt.close(figure)
