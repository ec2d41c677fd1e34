"""What a person sees of a training run."""

import sys

from tqdm import tqdm

LINE = "{desc}: {percentage:.0f} % of {total_fmt} images{postfix}, {rate_fmt}, {remaining} left\n"


class Progress:
    """A bar over the images of the whole run, with images/s and the time left, and a line for each epoch.

    Where standard error is no terminal, a line every ten seconds stands for the bar.
    """

    def __init__(self, name: str, epochs: int, first_epoch: int, images_per_epoch: int):
        self.epochs = epochs
        terminal = sys.stderr.isatty()
        self.bar = tqdm(
            total=epochs * images_per_epoch,
            initial=first_epoch * images_per_epoch,
            desc=name,
            unit=" images",
            mininterval=0.5 if terminal else 10,
            smoothing=0.05 if terminal else 0.3,  # of the speed, from one showing to the next
            bar_format=None if terminal else LINE,
            dynamic_ncols=True,
        )
        self.bar.set_postfix_str("tracing the first step")

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def advance(self, epoch: int, images: int) -> None:
        """Count the images of a finished step of an epoch, from 0."""
        if self.bar.n == self.bar.initial:
            self.bar.unpause()  # the first step's time says nothing of the others'
        self.bar.set_postfix_str(f"epoch {epoch + 1}/{self.epochs}", refresh=False)
        self.bar.update(images)

    def report(self, row: dict) -> None:
        """Show one row of the history."""
        errors = f"train error {row['train_error_percent']:.2f} %"
        if row["validation_error_percent"] is not None:
            errors += f", validation error {row['validation_error_percent']:.2f} %"
        line = f"epoch {row['epoch']}/{self.epochs}: {errors}, train loss {row['train_loss']:.4f}"
        self.bar.write(line, file=sys.stderr)
