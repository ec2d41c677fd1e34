"""Settings of augmentation that several tests share."""

from pipeline.settings.sections import Augment

OFF = Augment(
    horizontal_flip=False,
    shift_pixels=0,
    rotation_degrees=0.0,
    zoom_fraction=0.0,
    fill="mean",
    cutout_pixels=0,
    mixup_alpha=0.0,
)
ALL = Augment(
    horizontal_flip=True,
    shift_pixels=4,
    rotation_degrees=15.0,
    zoom_fraction=0.1,
    fill="nearest",
    cutout_pixels=8,
    mixup_alpha=0.2,
)


def change(settings: Augment, **changes) -> Augment:
    """The settings with some changed."""
    return settings.model_copy(update=changes)
