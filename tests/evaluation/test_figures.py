import numpy as np
import pandas as pd

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
