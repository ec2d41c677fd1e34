"""All of params.yaml, and its only reader."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from pipeline.errors import InputError
from pipeline.model.variants import modules_per_stage
from pipeline.plain_yaml import MAX_BYTES, load_plain_yaml
from pipeline.sections import (
    Augment,
    Compute,
    CustomDownload,
    Evaluate,
    KnownDownload,
    Model,
    Preprocess,
    Section,
    SyntheticDownload,
    Tfrecords,
    Train,
)

PARAMS_FILE = Path("params.yaml")
# Pydantic puts the chosen branch of a discriminated union into an error's location, behind these, where no key is.
UNIONS = (("download",), ("train", "learning_rate"))


class Params(Section):
    """All of params.yaml."""

    networks: Annotated[list[str], Field(min_length=1)]
    download: Annotated[SyntheticDownload | KnownDownload | CustomDownload, Field(discriminator="dataset")]
    preprocess: Preprocess
    tfrecords: Tfrecords
    compute: Compute
    model: Model
    augment: Augment
    train: Train
    evaluate: Evaluate

    @model_validator(mode="after")
    def _check_networks(self) -> "Params":
        for network in self.networks:
            modules_per_stage(network, self.model.layout)
        if len(set(self.networks)) < len(self.networks):
            raise InputError(f"networks requires each network once. Received: {', '.join(self.networks)}")
        return self

    @model_validator(mode="after")
    def _check_batch(self) -> "Params":
        batch, devices = self.train.batch_size, self.compute.devices
        if batch % devices:
            raise InputError(f"train.batch_size requires a multiple of compute.devices, {devices}. Received: {batch}")
        return self


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check a parameter file.

    Raises:
        InputError: the file is missing, is not YAML, or has an unknown, missing, mistyped or out-of-range parameter.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} requires a readable file of parameters. Received: {error}") from error
    return check_params(load_plain_yaml(content, str(path)), str(path))


def check_params(content: object, source: str) -> Params:
    """Check parameters given as nested dictionaries; `source` names them in error messages.

    Raises:
        InputError: as `load_params`.
    """
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        first, *others = error.errors()
        keys = [str(key) for place, key in enumerate(first["loc"]) if first["loc"][:place] not in UNIONS]
        where = ".".join(keys) or "the whole"
        received = "nothing" if first["type"] == "missing" else repr(first.get("ctx", {}).get("tag", first["input"]))
        message = first["msg"].removeprefix("Value error, ")
        if ". Received: " not in message:
            message = f"{where}: {message}. Received: {received}"
        more = f" (and {len(others)} more)" if others else ""
        # Keys are the user's, and may have lines.
        raise InputError(" ".join(f"{source}: {message}{more}".splitlines())) from error
