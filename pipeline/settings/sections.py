"""The sections of params.yaml, typed and frozen: what the rooms receive; `pipeline.settings.params` reads them.

There are no defaults: a recipe says everything, and what it does not know is refused. A field that is new says in
`AsBefore` what is meant where a run was recorded without it.
"""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from pipeline.errors import InputError
from pipeline.settings.strictness import AsBefore, Count, Fraction, NotNegative, Positive, Section, Seed, Sha256

FileLayoutName = Literal["cifar10", "cifar100"]
Backend = Literal["tensorflow", "jax"]
Device = Literal["any", "cpu", "gpu"]
Precision = Literal["float32", "bfloat16"]
LayoutName = Literal["paper", "seed", "wide-stem"]
Learning = Literal["arl", "nal"]
Attention = Literal["mixed", "channel", "spatial"]
Mask = Literal["hourglass", "convolutions", "none"]
Fill = Literal["mean", "nearest"]
Optimizer = Literal["sgd", "adam"]
Decayed = Literal["all", "kernels"]


class SyntheticDownload(Section):
    """The embedded data set, `pipeline.cifar.synthetic`; its digest is checked like that of any other."""

    dataset: Literal["synthetic"]
    train_images: Annotated[int, Field(ge=50, multiple_of=50)]
    test_images: Annotated[int, Field(ge=10, multiple_of=10)]
    sha256: Sha256


class KnownDownload(Section):
    """CIFAR-10 or CIFAR-100; `pipeline.cifar.datasets` knows their digests."""

    dataset: Literal["cifar10", "cifar100"]


class CustomDownload(Section):
    """A user's own archive in a CIFAR layout."""

    dataset: Literal["custom"]
    layout: FileLayoutName
    url: Annotated[str, Field(pattern="^(https|http|file)://.+")]
    sha256: Sha256


class Preprocess(Section):
    """How the training set is split, and what share of its training images gets wrong labels, `label_noise`.

    The latter is drawn from `seed` too, see `pipeline.cifar.label_noise`.
    """

    validation_images: Annotated[int, Field(ge=0)]
    seed: Seed
    label_noise: Annotated[Fraction, AsBefore(0.0)]


class Tfrecords(Section):
    """How the records are sharded."""

    images_per_shard: Count


class Compute(Section):
    """What computes: Keras' backend, the device, the precision of the layers, and CPU threads per operation.

    `devices` is how many devices of the machine share each batch of a training; evaluation uses one. They
    are the machine's first GPUs; a CPU is divided into virtual ones, which is good for tests only.
    """

    backend: Backend
    device: Device
    precision: Precision
    threads: Count
    devices: Annotated[Count, AsBefore(1)]


class Model(Section):
    """The network's shape, `pipeline.model.network.build_network`."""

    layout: LayoutName
    width: Positive
    learning: Learning
    attention: Annotated[Attention, AsBefore("mixed")]
    mask: Annotated[Mask, AsBefore("hourglass")]
    dropout: Fraction
    l2: NotNegative


class Augment(Section):
    """How strongly training images are changed, `pipeline.cifar.augmentation.augment_batch`; 0 and false mean off.

    Attributes:
        horizontal_flip: mirror half of the images.
        shift_pixels: whole pixels, uniform from -shift to +shift, on each axis.
        rotation_degrees: uniform from -rotation to +rotation.
        zoom_fraction: each axis is scaled by a factor uniform from 1 - zoom to 1 + zoom.
        fill: what lies outside of the image: "mean" (zero after subtraction) or the "nearest" pixel.
        cutout_pixels: side of a square set to the mean, centered anywhere (DeVries and Taylor 2017, arXiv 1708.04552).
        mixup_alpha: parameter of the Beta distribution (Zhang et al. 2018, arXiv 1710.09412, section 2).
    """

    horizontal_flip: bool
    shift_pixels: Annotated[int, Field(ge=0, lt=32)]
    rotation_degrees: Annotated[float, Field(ge=0, le=180)]
    zoom_fraction: Fraction
    fill: Fill
    cutout_pixels: Annotated[int, Field(ge=0, le=32)]
    mixup_alpha: NotNegative

    @field_validator("mixup_alpha")
    @classmethod
    def _check_alpha(cls, alpha: float, info: ValidationInfo) -> float:
        if 0 < alpha < 0.05 and not (info.context and info.context["recorded"]):
            # Both gamma variates, whose quotient weighs images, come out as float32's smallest number too often.
            raise InputError(f"augment.mixup_alpha requires 0, or at least 0.05. Received: {alpha:g}")
        return alpha


class CosineLearningRate(Section):
    """Linear warm-up to `peak`, then half a cosine to 0."""

    schedule: Literal["cosine"]
    peak: Positive
    warmup_epochs: NotNegative


class StepLearningRate(Section):
    """Linear warm-up to `peak`, then multiplied by `factor` at each of `drop_epochs`."""

    schedule: Literal["steps"]
    peak: Positive
    warmup_epochs: NotNegative
    drop_epochs: list[Positive]
    factor: Annotated[float, Field(gt=0, le=1)]


class Train(Section):
    """The optimization, `pipeline.training.trainer`.

    Attributes:
        zero_init_residual: every residual unit begins as its shortcut, see `pipeline.model.initialization`.
        decayed: what `weight_decay` acts on, see `pipeline.training.optimization`.
    """

    seed: Seed
    zero_init_residual: Annotated[bool, AsBefore(False)]
    epochs: Count
    batch_size: Count
    optimizer: Optimizer
    momentum: Fraction
    learning_rate: Annotated[CosineLearningRate | StepLearningRate, Field(discriminator="schedule")]
    weight_decay: NotNegative
    decayed: Annotated[Decayed, AsBefore("all")]
    label_smoothing: Fraction
    ema_momentum: Fraction

    @model_validator(mode="after")
    def _check_schedule(self) -> "Train":
        rate = self.learning_rate
        late = [epoch for epoch in (rate.warmup_epochs, *getattr(rate, "drop_epochs", ())) if epoch >= self.epochs]
        if late:
            raise InputError(
                f"train.learning_rate requires warm-up and drops before epoch {self.epochs}. Received: {late[0]:g}"
            )
        return self


class Evaluate(Section):
    """How the trained model is applied."""

    batch_size: Count
