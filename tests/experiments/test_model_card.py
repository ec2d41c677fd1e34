import re

import pytest
import scipy.stats

from experiments.publishing.model_card import compose_model_card
from experiments.publishing.published_run import list_folders, load_published
from tests.tiny_repository import ROOT

PUBLISHED = list_folders(ROOT)


@pytest.mark.parametrize("folder", PUBLISHED, ids=str)
def test_a_card_has_the_errors_and_confusions_of_the_predictions_and_the_folder_to_load_from(folder):
    run, evidence = load_published(ROOT, folder)
    for network, result in run.results.items():
        card = compose_model_card(run, evidence, network, folder)
        table = result.predictions
        wrong = table[table["actual"] != table["predicted"]]
        images, error = len(table), 100 * len(wrong) / len(table)
        interval = scipy.stats.binomtest(len(wrong), images).proportion_ci(0.95, "wilson")
        half_width = 50 * (interval.high - interval.low)
        assert f"**{error:.2f} %** of {images:,} test images (± {half_width:.2f}: 95 %" in card
        pairs = list(zip(wrong["actual"], wrong["predicted"], strict=True))
        most = max(map(pairs.count, pairs))
        first = re.search(r"Most often it takes ([\w ]+?) for ([\w ]+?) \(([\d.]+) %", card)
        assert pairs.count(first.group(1, 2)) == most
        assert float(first[3]) == pytest.approx(100 * most / (table["actual"] == first[1]).sum(), abs=0.05)
        assert f'load_model("{folder}/models/{network}/model.keras")' in card
        assert evidence.command in card
        assert ("CIFAR-10 (Krizhevsky 2009)" in card) == (run.dataset[0] == "cifar10")
