"""Pages in HTML: one file each, with its style and its pictures in it, that needs no network and no script."""

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

from pipeline.evaluation.markdown import format_cell, format_number

PAGE = "page.html.j2"  # beside this file: what all pages extend, and their parts
SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
NUMBERED = re.compile(r"[a-zA-Z0-9.]+_\d+")
INK = "#010203"  # stands for the page's own color, light or dark
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "image.interpolation": "none",  # pixels as they are, which the reader's program enlarges
    "legend.facecolor": "none",
    "svg.fonttype": "none",  # words stay words, to be found and read out
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
}

ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", XLINK)


class Picture(NamedTuple):
    """A picture in a page, and what it shows, in words."""

    svg: Markup
    words: str


def render_page(path: Path, **values: Any) -> str:
    """A page from its template, which extends `page`; a value that the template names and is not given is an error."""
    environment = Environment(
        loader=FileSystemLoader([path.parent, Path(__file__).parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": format_number, "cell": format_cell}
    return environment.get_template(path.name).render(values, page=PAGE)


def embed_figure(draw: Callable[[], Figure], words: str) -> Picture:
    """A picture as SVG in a page, in the page's own color, on its ground, and as wide as it lets it.

    Args:
        draw: makes the picture.
        words: what it shows, below it and for those who do not see it; of no other picture of the page.
    """
    with rc_context(STYLE | {"svg.hashsalt": words}):
        drawn = StringIO()
        draw().savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    picture = ElementTree.fromstring(drawn.getvalue().replace(INK, "currentColor"))  # noqa: S314 – Matplotlib's
    width = picture.attrib.pop("width")
    del picture.attrib["height"]  # it follows from the view box
    picture.attrib |= {"role": "img", "aria-label": words, "style": f"max-width: {width}"}
    for metadata in picture.findall(f"{{{SVG}}}metadata"):
        picture.remove(metadata)
    for element in picture.iter():
        if NUMBERED.fullmatch(element.get("id", "")):  # which every picture has
            del element.attrib["id"]
    return Picture(Markup(ElementTree.tostring(picture, encoding="unicode")), words)  # noqa: S704 – it is escaped
