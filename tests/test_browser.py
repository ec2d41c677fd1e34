"""The pages: their tables, and how a browser without a network shows them, on a desk and on a phone."""

import json
import shutil
import subprocess

import pytest

from experiments.comparing.comparison import write_comparison
from experiments.publishing.published_run import find_run
from tests.html_page import Page
from tests.tiny_repository import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")

WIDTHS = (1280, 390)  # of a desk and a phone, in pixels; Chromium's own windows are never as small as the second
# A picture is drawn where it has a size on the page, and where each image in it can be decoded: the loading of the page
# waits for copies of these.
PROBE = """
<script>
const copies = [...document.querySelectorAll("image")].map((element) => {
  const copy = document.createElement("img");
  copy.src = element.href.baseVal;
  copy.hidden = true;
  document.body.append(copy);
  return [element, copy];
});
const measure = (width) => {
  document.documentElement.style.width = `${width}px`;
  return {
    pictures: [...document.querySelectorAll("svg")].map((svg) => {
      const {width, height, right} = svg.getBoundingClientRect(), drawn = svg.getBBox();
      const words = svg.getAttribute("aria-label");
      return {words, right, size: [width, height], drawn: [drawn.width, drawn.height]};
    }),
    images: copies.map(([element, copy]) => copy.naturalWidth * element.getBoundingClientRect().width > 0),
    width: document.body.scrollWidth,
  };
};
addEventListener("load", () => {
  const told = document.createElement("pre");
  told.id = "found";
  told.textContent = JSON.stringify({
    widths: WIDTHS.map(measure),
    requests: performance.getEntriesByType("resource").map(({name}) => name).filter((name) => /^http/.test(name)),
  });
  document.body.append(told);
});
</script>
"""


def browse(path, folder):
    """What the probe finds of a page in the browser, and what the browser's console says."""
    page = folder / "page.html"
    page.write_text(path.read_text() + PROBE.replace("WIDTHS", str([*WIDTHS])))
    command = [
        *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"),
        *("--proxy-server=127.0.0.1:9", "--window-size=1400,1600", "--virtual-time-budget=20000"),
        *("--enable-logging=stderr", "--dump-dom", page.as_uri()),
    ]
    result = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    found = json.loads(Page(result.stdout).texts["found"])
    return found, [line for line in result.stderr.splitlines() if "CONSOLE" in line]


def load_json(folder, network):
    return json.loads((ROOT / folder / f"{network}.json").read_text())


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    runs = [find_run(ROOT, f"results/demo-{learning}") for learning in ("arl", "nal")]
    return write_comparison(tmp_path_factory.mktemp("compared"), runs, html=True).with_suffix(".html")


@pytest.fixture(params=["report", "comparison"])
def path(request):
    return ROOT / "reports/report.html" if request.param == "report" else request.getfixturevalue("comparison")


@needs_browser
def test_every_picture_is_drawn_without_a_network_and_the_console_says_nothing(path, tmp_path):
    found, console = browse(path, tmp_path)
    assert console == []
    assert found["requests"] == []
    for width, shown in zip(WIDTHS, found["widths"], strict=True):
        assert len(shown["pictures"]) >= 6
        assert len({picture["words"] for picture in shown["pictures"]}) == len(shown["pictures"])
        for picture in shown["pictures"]:
            assert min(picture["size"]) > 100, picture
            assert min(picture["drawn"]) > 100, picture
            assert picture["right"] <= width, picture
        assert len(shown["images"]) > 20
        assert all(shown["images"])
        assert shown["width"] <= width  # what is wide moves by itself, not the page
    assert path.stat().st_size < 1_000_000


@needs_browser
def test_what_is_not_drawn_or_fails_is_seen(tmp_path):
    image = '<image href="data:image/png;base64,AAAA" width="9" height="9"/>'
    broken = f'<svg>{image}</svg><svg></svg><img src="http://localhost:9/picture.png"><script>nothing()</script>'
    page = tmp_path / "broken.html"
    page.write_text(f"<!doctype html><title>broken</title>{broken}<div style='width: 900px'>wide</div>")
    found, console = browse(page, tmp_path)
    for width, shown in zip(WIDTHS, found["widths"], strict=True):
        assert shown["images"] == [False]
        assert shown["pictures"][1]["drawn"] == [0, 0]
        assert (shown["width"] <= width) == (width > 900)
    assert found["requests"] == ["http://localhost:9/picture.png"]
    assert "nothing is not defined" in "".join(console)


def test_the_reports_tables_are_the_recorded_numbers():
    results, details, classes, _ = Page((ROOT / "reports/report.html").read_text()).tables
    networks = [row[0] for row in results[1:]]
    assert networks == [path.stem for path in sorted((ROOT / "metrics").glob("*.json"))]
    for number, network in enumerate(networks, start=1):
        metrics, recorded = load_json("metrics", network), load_json("details", network)
        errors = [metrics[f"{split}_error_percent"] for split in ("train", "validation", "test")]
        minutes = load_json("timing", network)["train_minutes"]
        shown = [*(f"{error:.2f}" for error in errors), f"{minutes:.1f}", f"{recorded['parameters']:,}"]
        assert results[number] == [network, *shown]
        assert details[number][1:3] == [
            f"{recorded['test_loss']:.3f}",
            f"{recorded['test_calibration_error_percent']:.2f}",
        ]
        per_class = recorded["test_error_percent_per_class"]
        assert [[row[0], row[number]] for row in classes[1:]] == [
            [name, f"{error:.2f}"] for name, error in per_class.items()
        ]


def test_a_comparisons_table_is_the_recorded_numbers(comparison):
    for row in Page(comparison.read_text()).tables[0][1:]:
        errors = [
            load_json(f"results/demo-{learning}/metrics", row[0])["test_error_percent"] for learning in ("arl", "nal")
        ]
        assert row[1:4] == [*(f"{error:.2f}" for error in errors), f"{errors[1] - errors[0]:+.2f}"]
