"""Pictures of what the attention does: soft masks over the images that they are of, and how large features become."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLORS = "viridis"
EXTENT = (0, 32, 32, 0)  # a mask covers the whole image, whatever its size


def draw_masks(image: np.ndarray, masks: dict[str, np.ndarray], title: str = "") -> Figure:
    """An image, and beside it each Attention Module's mask over it: the mean of its channels, on a scale of its own.

    Args:
        image: uint8 (32, 32, 3).
        masks: by module, (size, size, channels).
        title: above all of it.
    """
    figure = Figure(figsize=(2 * (1 + len(masks)), 3), layout="constrained")
    panels = figure.subplots(1, 1 + len(masks), squeeze=False)[0]
    show_image(panels[0], image)
    panels[0].set_title("image\n", fontsize=9)
    for axes, (module, mask) in zip(panels[1:], masks.items(), strict=True):
        show_image(axes, image)
        shown = axes.imshow(mask.mean(axis=-1), cmap=COLORS, alpha=0.65, extent=EXTENT, interpolation="bilinear")
        figure.colorbar(shown, ax=axes, location="bottom", shrink=0.9).ax.tick_params(labelsize=7)
        axes.set_title(module.replace("_", "\n"), fontsize=9)
    figure.suptitle(title, fontsize=10)
    return figure


def draw_mask_grid(images: np.ndarray, labels: list[str], masks: dict[str, np.ndarray]) -> Figure:
    """Images, a row each, and each Attention Module's mask of them, a column each: the mean of its channels.

    Args:
        images: uint8 (n, 32, 32, 3).
        labels: what stands beside each, such as its class.
        masks: by module, (n, size, size, channels); each mask's darkest place is its lowest.
    """
    figure = Figure(figsize=(1.15 * (1 + len(masks)) + 0.6, 1.1 * len(images)), layout="constrained")
    panels = figure.subplots(len(images), 1 + len(masks), squeeze=False)
    for row, image, label in zip(panels, images, labels, strict=True):
        show_image(row[0], image)
        row[0].text(-2, 16, label, ha="right", va="center", fontsize=8)
    for column, (module, values) in enumerate(masks.items(), start=1):
        panels[0, column].set_title(module.replace("_", "\n"), fontsize=8)
        for axes, mask in zip(panels[:, column], values, strict=True):
            axes.imshow(mask.mean(axis=-1), cmap=COLORS, extent=EXTENT)
            axes.axis("off")
    return figure


def show_image(axes: Axes, image: np.ndarray) -> None:
    """An image without axes."""
    axes.imshow(image, extent=EXTENT)
    axes.axis("off")


def draw_responses(responses: dict[str, dict[str, float]]) -> Figure:
    """The mean absolute response of each stage's output (Wang et al. 2017, arXiv 1704.06904, figure 4).

    Args:
        responses: by network, or by run and network; then by stage.
    """
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(responses)
    for number, (label, stages) in enumerate(responses.items()):
        places = np.arange(len(stages)) + (number - (len(responses) - 1) / 2) * width
        axes.bar(places, list(stages.values()), width, label=label)
    names = max(responses.values(), key=len)
    axes.set_xticks(range(len(names)), list(names))
    axes.set_ylabel("mean absolute response")
    axes.legend()
    return figure
