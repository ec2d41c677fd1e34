from pipeline.evaluation.tables import format_published, format_results

RESULT = {
    "train_error_percent": 1.0,
    "validation_error_percent": None,
    "test_error_percent": 12.345,
    "train_minutes": 59.96,
    "parameters": 1829306,
}


def test_results_show_two_digits_and_a_dash_for_what_was_not_measured():
    assert format_results({"attention-56": RESULT}).splitlines()[-1] == (
        "| attention-56 | 1.00 | – | 12.35 | 60.0 | 1,829,306 |"
    )


def test_published_figures_are_named_for_what_they_are():
    lines = format_published(["attention-56", "attention-128"], "cifar10", "nal").splitlines()
    assert "Seed, training error (NAL)" in lines[0]
    assert lines[2:] == [
        "| attention-56 | 5.89 | 9.03 | 3.27 | 337 |",
        "| attention-128 | 5.57 | – | – | – |",
    ]


def test_networks_and_data_sets_without_published_figures_have_no_table():
    assert not format_published(["attention-mini"], "cifar10", "arl")
    assert not format_published(["attention-56"], "synthetic", "arl")
