import numpy as np
import pandas as pd

from pipeline.evaluation.attention_figures import draw_responses
from pipeline.evaluation.figures import draw_calibration, draw_mistakes, find_confident_mistakes, save_figure

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
    for predictions in (PREDICTIONS, PREDICTIONS.assign(predicted=PREDICTIONS["actual"])):
        pictures = set()
        for _ in range(2):
            save_figure(draw_mistakes("one", predictions, images), tmp_path / "one.png")
            pictures.add((tmp_path / "one.png").read_bytes())
        (picture,) = pictures
        assert picture.startswith(b"\x89PNG")


def test_calibration_shows_how_often_each_bin_is_right_and_its_images():
    panels = draw_calibration("one", PREDICTIONS).axes
    right, images = ([bar.get_height() for bar in axes.patches] for axes in panels)
    # 0.6 twice, both wrong, in the tenth bin; 0.9 wrong in the fourteenth; 0.99 right and 1.0 wrong in the last.
    assert images == [0] * 9 + [2, 0, 0, 0, 1, 2]
    assert right == [0] * 14 + [50]


def test_every_stage_of_the_deepest_network_has_its_name():
    stages = {"stage1": 1.0, "stage2": 2.0}
    (axes,) = draw_responses({"deep": stages | {"stage3": 3.0}, "mini": stages}).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["stage1", "stage2", "stage3"]


def test_each_mistake_is_shown_with_what_it_is_and_what_it_was_taken_for():
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((32, 32, 3), np.uint8)
    panels = draw_mistakes("one", PREDICTIONS, images).axes
    shown = [(axes.get_title(), int(axes.images[0].get_array()[0, 0, 0])) for axes in panels if axes.images]
    assert shown == [
        ("image 2: cat,\ntaken for dog\n(100.0 %)", 2),
        ("image 3: dog,\ntaken for cat\n(90.0 %)", 3),
        ("image 1: dog,\ntaken for cat\n(60.0 %)", 1),
        ("image 4: cat,\ntaken for dog\n(60.0 %)", 4),
    ]
