"""What a person sees of a training run."""

import sys

from tqdm import tqdm


class Progress:
    """A bar over the images of the whole run, with images/s and the time left, and a line for each epoch.

    Where standard error is no terminal, the bar is renewed every ten seconds only.
    """

    def __init__(self, name: str, epochs: int, first_epoch: int, images_per_epoch: int):
        self.epochs = epochs
        self.bar = tqdm(
            total=epochs * images_per_epoch,
            initial=first_epoch * images_per_epoch,
            desc=name,
            unit=" images",
            mininterval=0.5 if sys.stderr.isatty() else 10,
            smoothing=0.05,
            dynamic_ncols=True,
        )
        self.bar.set_postfix_str("tracing the first step")

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def advance(self, epoch: int, images: int) -> None:
        """Count the images of a finished step of an epoch, from 0."""
        self.bar.set_postfix_str(f"epoch {epoch + 1}/{self.epochs}", refresh=False)
        self.bar.update(images)

    def report(self, row: dict) -> None:
        """Show one row of the history."""
        errors = f"train error {row['train_error_percent']:.2f} %"
        if row["validation_error_percent"] is not None:
            errors += f", validation error {row['validation_error_percent']:.2f} %"
        line = f"epoch {row['epoch']}/{self.epochs}: {errors}, train loss {row['train_loss']:.4f}"
        self.bar.write(line, file=sys.stderr)
