"""Pictures of soft masks over the image that they are of."""

import numpy as np
from matplotlib.figure import Figure

# Of the pictures in evaluation, too: equal data give equal bytes.
COLORS = "viridis"


def draw_masks(image: np.ndarray, masks: dict[str, np.ndarray], title: str = "") -> Figure:
    """An image, and beside it each Attention Module's mask over it, the mean over the mask's channels.

    Args:
        image: uint8 (32, 32, 3).
        masks: by module, values from 0 to 1, (size, size, channels).
        title: above all of it.
    """
    figure = Figure(figsize=(2 * (1 + len(masks)), 3), layout="constrained")
    panels = figure.subplots(1, 1 + len(masks), squeeze=False)[0]
    extent = (0, image.shape[1], image.shape[0], 0)
    for axes in panels:
        axes.imshow(image, extent=extent)
        axes.axis("off")
    panels[0].set_title("image\n", fontsize=9)
    for axes, (module, mask) in zip(panels[1:], masks.items(), strict=True):
        mean = mask.mean(axis=-1)
        shown = axes.imshow(mean, cmap=COLORS, alpha=0.65, extent=extent, interpolation="bilinear")
        figure.colorbar(shown, ax=axes, location="bottom", shrink=0.9).ax.tick_params(labelsize=7)
        axes.set_title(module.replace("_", "\n"), fontsize=9)
    figure.suptitle(title, fontsize=10)
    return figure
