from xml.etree import ElementTree

import pytest
from jinja2 import UndefinedError
from matplotlib.figure import Figure

from pipeline.evaluation.pages import embed_figure, render_page


def draw():
    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 2], label="a < b")
    axes.legend()
    return figure


def test_a_picture_has_the_pages_color_its_words_and_no_size_of_its_own():
    svg, words = embed_figure(draw, 'one & "two"')
    picture = ElementTree.fromstring(svg)
    assert words == picture.get("aria-label") == 'one & "two"'
    assert picture.get("role") == "img"
    assert not {"width", "height"} & set(picture.keys())
    assert "currentColor" in svg
    assert "a &lt; b" in svg  # as text


def test_the_same_picture_has_the_same_bytes_and_pictures_share_no_identity():
    first, again, other = (embed_figure(draw, words).svg for words in ("one", "one", "two"))
    assert first == again
    identities = [
        {element.get("id") for element in ElementTree.fromstring(svg).iter() if element.get("id")}
        for svg in (first, other)
    ]
    assert all(identities)
    assert not identities[0] & identities[1]


def test_a_page_escapes_what_it_is_given_and_misses_nothing_silently(tmp_path):
    template = tmp_path / "own.html.j2"
    template.write_text(
        "{% extends page %}{% from page import table %}{% block title %}{{ title }}{% endblock %}"
        "{% block content %}{{ table(rows) }}{% endblock %}"
    )
    text = render_page(template, title="<&>", rows=[{"Class": "<b>", "%": 1 / 3}])
    assert "<title>&lt;&amp;&gt;</title>" in text
    assert '<th scope="row">&lt;b&gt;</th><td>0.33</td>' in text
    with pytest.raises(UndefinedError, match="'rows' is undefined"):
        render_page(template, title="one")
