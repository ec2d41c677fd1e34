"""What all sections of params.yaml share, and the kinds of their numbers."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

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
