import pytest
from jinja2 import UndefinedError

from pipeline.evaluation.markdown import format_cell, format_table, render_template
from pipeline.evaluation.tables import RESULTS, tabulate_networks, tabulate_published

RESULT = {
    "train_error_percent": 1.0,
    "validation_error_percent": None,
    "test_error_percent": 12.345,
    "train_minutes": 59.96,
}


def test_results_show_two_digits_and_a_dash_for_what_was_not_measured_or_not_yet_recorded():
    results = {"attention-56": {**RESULT, "parameters": 1829306}, "attention-92": RESULT}
    assert format_table(tabulate_networks(RESULTS, results)).splitlines()[2:] == [
        "| attention-56 | 1.00 | – | 12.35 | 60.0 | 1,829,306 |",
        "| attention-92 | 1.00 | – | 12.35 | 60.0 | – |",
    ]


def test_a_table_has_the_headings_of_its_rows_and_only_fractions_are_rounded():
    rows = [{"Network": "one", "Images": 10000, "Change": 0.125, "p": None}]
    assert format_table(rows) == (
        "| Network | Images | Change | p |\n| --- | ---: | ---: | ---: |\n| one | 10000 | 0.12 | – |"
    )
    assert format_table([]) == ""


def test_a_bar_in_a_cell_or_a_heading_divides_no_cell():
    assert format_table([{"a|b": "c|d", "e": 1}]) == "| a\\|b | e |\n| --- | ---: |\n| c\\|d | 1 |"
    assert format_cell("c|d") == "c|d"  # as pages in HTML show it


def test_a_template_with_a_value_that_is_not_given_is_an_error(tmp_path):
    template = tmp_path / "page.md.j2"
    template.write_text("# {{ title }}\n{% if shown %}\n{{ error | number }}\n{% endif %}\n")
    assert render_template(template, title="<&>", shown=True, error=1 / 3) == "# <&>\n0.33\n"
    with pytest.raises(UndefinedError, match="'shown' is undefined"):
        render_template(template, title="one")


def test_published_figures_are_named_for_what_they_are():
    lines = format_table(tabulate_published(["attention-56", "attention-128"], "cifar10", "nal")).splitlines()
    assert "Jay4869, training error (NAL)" in lines[0]
    assert lines[2:] == [
        "| attention-56 | 5.89 | 9.03 | 3.27 | 337 |",
        "| attention-128 | 5.57 | – | – | – |",
    ]


def test_networks_and_data_sets_without_published_figures_have_no_table():
    assert not tabulate_published(["attention-mini"], "cifar10", "arl")
    assert not tabulate_published(["attention-56"], "synthetic", "arl")
