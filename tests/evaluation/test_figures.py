import numpy as np
import pandas as pd
import pytest

from pipeline.evaluation import figures
from pipeline.evaluation.figures import draw_calibration, draw_mistakes, find_confident_mistakes

PREDICTIONS = pd.DataFrame(
    {
        "actual": ["cat", "dog", "cat", "dog", "cat"],
        "predicted": ["cat", "cat", "dog", "cat", "dog"],
        "probability": [0.99, 0.6, 1.0, 0.9, 0.6],
    }
)


def test_the_most_confident_mistakes_are_wrong_and_in_order():
    assert find_confident_mistakes(PREDICTIONS, 3).index.tolist() == [2, 3, 1]
    assert find_confident_mistakes(PREDICTIONS, 10).index.tolist() == [2, 3, 1, 4]


def test_pictures_of_equal_predictions_are_equal_and_need_no_mistakes(tmp_path):
    images = np.zeros((5, 32, 32, 3), np.uint8)
    right = PREDICTIONS.assign(predicted=PREDICTIONS["actual"])
    for predictions in (PREDICTIONS, right):
        pictures = []
        for number in range(2):
            path = tmp_path / f"{number}.png"
            draw_mistakes(images, predictions, "mistakes", path)
            pictures.append(path.read_bytes())
            draw_calibration(predictions, "calibration", path)
            pictures.append(path.read_bytes())
        assert pictures[:2] == pictures[2:]
        assert all(picture.startswith(b"\x89PNG") for picture in pictures)


@pytest.fixture
def panels(monkeypatch):
    """What a picture shows, instead of the picture."""
    shown = []
    monkeypatch.setattr(figures, "_save", lambda figure, path: shown.extend(figure.axes))
    return shown


def test_calibration_shows_how_often_each_bin_is_right_and_its_images(panels, tmp_path):
    draw_calibration(PREDICTIONS, "calibration", tmp_path / "unused.png")
    right, images = ([bar.get_height() for bar in axes.patches] for axes in panels)
    # 0.6 twice, both wrong, in the tenth bin; 0.9 wrong in the fourteenth; 0.99 right and 1.0 wrong in the last.
    assert images == [0] * 9 + [2, 0, 0, 0, 1, 2]
    assert right == [0] * 14 + [50]


def test_each_mistake_is_shown_with_what_it_is_and_what_it_was_taken_for(panels, tmp_path):
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((32, 32, 3), np.uint8)
    draw_mistakes(images, PREDICTIONS, "mistakes", tmp_path / "unused.png")
    shown = [(axes.get_title(), int(axes.images[0].get_array()[0, 0, 0])) for axes in panels if axes.images]
    assert shown == [
        ("image 2: cat,\ntaken for dog\n(100.0 %)", 2),
        ("image 3: dog,\ntaken for cat\n(90.0 %)", 3),
        ("image 1: dog,\ntaken for cat\n(60.0 %)", 1),
        ("image 4: cat,\ntaken for dog\n(60.0 %)", 4),
    ]
