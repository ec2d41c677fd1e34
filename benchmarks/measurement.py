"""What a benchmark finds: rows of two figures, measured in turn, and targets for them."""

import statistics
from typing import Literal, NamedTuple


class Target(NamedTuple):
    """What a row should come to: its ratio, or our figure alone."""

    of: Literal["ratio", "ours"]
    sign: Literal["≥", "≤"]
    value: float


class Row(NamedTuple):
    """One line of the results.

    Attributes:
        what: is measured.
        unit: of both figures.
        against: what the other figure is of.
        pairs: (ours, other), measured one after the other; other is 0 where there is none.
        target: None for what is only told.
    """

    what: str
    unit: str
    against: str
    pairs: list[tuple[float, float]]
    target: Target | None

    @property
    def ours(self) -> float:
        """Our median."""
        return statistics.median(ours for ours, _ in self.pairs)

    @property
    def other(self) -> float:
        """The other's median."""
        return statistics.median(other for _, other in self.pairs)

    @property
    def ratios(self) -> list[float]:
        """Ours over the other, ascending."""
        return sorted(ours / other for ours, other in self.pairs if other)

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return statistics.median(self.ratios)

    @property
    def met(self) -> bool | None:
        """Whether the target is met by the medians."""
        if self.target is None:
            return None
        value = self.ours if self.target.of == "ours" else self.ratio
        return value >= self.target.value if self.target.sign == "≥" else value <= self.target.value


class Section(NamedTuple):
    """What one benchmark found: its rows, and Markdown that goes below the table, as profiles and pictures."""

    rows: list[Row]
    text: str
