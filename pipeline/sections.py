"""The sections of params.yaml, typed and frozen; `pipeline.params` reads them.

There are no defaults: a recipe says everything, and what it does not know is refused.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.cifar.layouts import LayoutName as DataLayoutName
from pipeline.errors import InputError
from pipeline.model.variants import LayoutName

Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Learning = Literal["arl", "nal"]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
NotNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Section(BaseModel):
    """What all sections share: exact types, finite numbers, no unknown keys, no changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


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
    layout: DataLayoutName
    url: Annotated[str, Field(pattern="^(https|http|file)://.+")]
    sha256: Sha256


class Preprocess(Section):
    """How the training set is split, and what is subtracted from every image."""

    mean: Literal["per_pixel"]
    validation_images: Annotated[int, Field(ge=0)]
    seed: Seed


class Tfrecords(Section):
    """How the records are sharded."""

    images_per_shard: Count


class Compute(Section):
    """What computes: Keras' backend, the device, the precision of the layers, and CPU threads per operation.

    `devices` is how many devices of the machine share each batch of a training; evaluation uses one. They
    are the machine's first GPUs; a CPU is divided into virtual ones, which is good for tests only.
    """

    backend: Literal["tensorflow", "jax"]
    device: Literal["any", "cpu", "gpu"]
    precision: Literal["float32", "bfloat16"]
    threads: Count
    devices: Count


class Model(Section):
    """The network's shape, `pipeline.model.network.build_network`."""

    layout: LayoutName
    width: Positive
    learning: Learning
    dropout: Fraction
    l2: NotNegative


class Augment(Section):
    """Augmentation of the training images, `pipeline.cifar.augmentation.augment_batch`; 0 and false mean off."""

    horizontal_flip: bool
    shift_pixels: Annotated[int, Field(ge=0, lt=32)]
    rotation_degrees: Annotated[float, Field(ge=0, le=180)]
    zoom_fraction: Fraction
    fill: Literal["mean", "nearest"]
    cutout_pixels: Annotated[int, Field(ge=0, le=32)]
    mixup_alpha: NotNegative


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
    """The optimization, `pipeline.training.trainer`."""

    seed: Seed
    epochs: Count
    batch_size: Count
    optimizer: Literal["sgd", "adam"]
    momentum: Fraction
    learning_rate: Annotated[CosineLearningRate | StepLearningRate, Field(discriminator="schedule")]
    weight_decay: NotNegative
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
