"""What all sections of a file of the user's share, and the kinds of their numbers."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from pipeline.errors import InputError

Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
NotNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True)
class AsBefore:
    """In a field's annotation: the value, as YAML has it, by which everything is as before there was the field."""

    value: Any


class Section(BaseModel):
    """What all sections share: exact types, finite numbers, no unknown keys, no changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _complete_recorded(cls, content: Any, info: ValidationInfo) -> Any:
        if not (info.context and info.context["recorded"] and isinstance(content, dict)):
            return content
        fields = [(name, mark) for name, field in cls.model_fields.items() for mark in field.metadata]
        return {name: mark.value for name, mark in fields if isinstance(mark, AsBefore)} | content


def explain_invalid(error: ValidationError, source: str, unions: Container[tuple[int | str, ...]] = ()) -> InputError:
    """What a file has that its sections do not allow, as one line.

    Args:
        error: of the validation.
        source: names the file.
        unions: places of discriminated unions: Pydantic puts the chosen branch behind them, where no key is.
    """
    first, *others = error.errors()
    keys = [str(key) for place, key in enumerate(first["loc"]) if first["loc"][:place] not in unions]
    where = ".".join(keys) or "the whole"
    received = "nothing" if first["type"] == "missing" else repr(first.get("ctx", {}).get("tag", first["input"]))
    message = first["msg"].removeprefix("Value error, ")
    if ". Received: " not in message:
        message = f"{where}: {message}. Received: {received}"
    more = f" (and {len(others)} more)" if others else ""
    # Keys are the user's, and may have lines.
    return InputError(" ".join(f"{source}: {message}{more}".splitlines()))
