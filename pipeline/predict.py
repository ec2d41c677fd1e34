"""Ask a trained model about images: `python -m pipeline.predict results/cifar10-cpu-arl photo.jpg folder/`."""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.errors import InputError, ended_plainly, print_error
from pipeline.outputs import written_aside
from pipeline.trained.classifier import Classifier, open_classifier
from pipeline.trained.images import list_files, read_images


def main() -> None:
    """The command; files that cannot be read are named and passed over, and the status is 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="a run's folder with its model, such as results/cifar10-cpu-arl, or .")
    parser.add_argument("images", type=Path, nargs="+", help="image files, folders of them, or arrays (.npy)")
    parser.add_argument("--network", help="one of the run's; otherwise its first one")
    parser.add_argument("--top", type=positive, default=3, help="how many classes are told (default: 3)")
    parser.add_argument("--masks", type=Path, metavar="FOLDER", help="where to write pictures of each soft mask")
    arguments = parser.parse_args()
    refused: list[InputError] = []
    with ended_plainly():
        found = dict(read_all(arguments.images, refused))
        if found:
            classifier = open_classifier(arguments.run, arguments.network)
            ask(classifier, found, arguments.top, arguments.masks)
    for reason in refused:
        print_error(f"error: {reason}")
    sys.exit(bool(refused))


def positive(text: str) -> int:
    """A number above 0; a ValueError if it is none, which argparse explains."""
    if (number := int(text)) < 1:
        raise ValueError
    return number


def read_all(paths: list[Path], refused: list[InputError]) -> Iterator[tuple[str, np.ndarray]]:
    """Each image by its file's name, uint8 (32, 32, 3); of an array with its number; what is none goes to `refused`."""
    listed = {path: list_files(path) for path in paths}
    refused += [InputError(f"{path} requires files. Received: an empty folder") for path in paths if not listed[path]]
    for file in (file for path in paths for file in listed[path]):
        try:
            images = read_images(file)
        except InputError as error:
            refused.append(error)
            continue
        for number, image in enumerate(images):
            yield (file.as_posix() if len(images) == 1 else f"{file.as_posix()} {number}"), image


def ask(classifier: Classifier, found: dict[str, np.ndarray], top: int, folder: Path | None) -> None:
    """Print what a classifier says of images by name, and write pictures of its masks where a folder is given."""
    images = np.stack(list(found.values()))
    begun = time.perf_counter()
    probabilities = classifier.predict(images)
    seconds = time.perf_counter() - begun
    for name, values in zip(found, probabilities, strict=True):
        best = np.argsort(-values, kind="stable")[:top]
        print(f"{name}: {', '.join(f'{classifier.classes[each]} {100 * values[each]:.1f} %' for each in best)}")
    print(f"{len(images)} images in {seconds:.1f} s, {len(images) / seconds:.0f} images/s, by {classifier.name}")
    if folder:
        write_masks(classifier, found, probabilities, folder)


def write_masks(classifier: Classifier, found: dict[str, np.ndarray], probabilities: np.ndarray, folder: Path) -> None:
    """Write a picture of each image's soft masks to a folder, a batch of images at a time."""
    from pipeline.evaluation.attention_figures import draw_masks
    from pipeline.evaluation.figures import save_figure

    names, size = list(found), classifier.params.evaluate.batch_size
    for start in range(0, len(names), size):
        batch = names[start : start + size]
        masks = classifier.read_masks(np.stack([found[name] for name in batch]))
        for place, name in enumerate(batch):
            best = int(probabilities[start + place].argmax())
            title = f"{classifier.classes[best]} {100 * probabilities[start + place, best]:.1f} %"
            own = {module: values[place] for module, values in masks.items()}
            with written_aside(folder / f"{start + place:04d}-{Path(name).stem}.png") as path:
                save_figure(draw_masks(found[name], own, title), path)
    print(f"{folder}: {len(names)} pictures of {len(masks)} masks each")


if __name__ == "__main__":
    main()
