"""How the data stages grow with the images, of which memory should know nothing."""

import tempfile
from pathlib import Path

import pandas as pd

from benchmarks.data_projects import make_project
from benchmarks.measurement import Row, Section, Target
from benchmarks.processes import ROOT
from pipeline.evaluation.markdown import format_table

TRAIN_IMAGES, TEST_IMAGES = 12_500, 2_500
IMAGES = TRAIN_IMAGES + TEST_IMAGES
TIMES = (1, 2, 4, 8)  # an archive's content may have little more
ROUNDS = 3


def measure() -> Section:
    """The data stages on 1 to 8 times the images; all sizes in each round, after one that does not count."""
    with tempfile.TemporaryDirectory() as folder:
        projects = {
            times: make_project(Path(folder, f"times-{times}"), times * TRAIN_IMAGES, times * TEST_IMAGES)
            for times in TIMES
        }
        projects[1].run_anew()
        rounds = [{times: project.run_anew() for times, project in projects.items()} for _ in range(ROUNDS)]
    most = max(TIMES)
    seconds = [(used[most].seconds, most * used[1].seconds) for used in rounds]
    peaks = [(used[most].peak_gigabytes, used[1].peak_gigabytes) for used in rounds]
    name = f"data stages, {most * IMAGES:,} made-up images"
    rows = [
        Row(name, "s", f"{most} × the time of {IMAGES:,}", seconds, Target("ratio", "≤", 1.2)),
        Row(f"peak memory of {name}", "GB", f"that of {IMAGES:,}", peaks, Target("ratio", "≤", 1.2)),
    ]
    medians = pd.DataFrame(
        {
            times * IMAGES: {
                "Seconds": pd.Series([used[times].seconds for used in rounds]).median(),
                "Peak memory, GB": rounds[-1][times].peak_gigabytes,
            }
            for times in TIMES
        }
    ).T
    draw_growth(medians, ROOT / "benchmarks/growth.png")
    table = format_table(
        [
            {"Images": f"{count:,}", "Seconds": f"{used:.2f}", "Peak memory, GB": f"{peak:.3f}"}
            for count, used, peak in medians.itertuples()
        ]
    )
    picture = "![Seconds and peak memory against the images](growth.png)"
    return Section(rows, f"## Growth with the images\n\n{table}\n\n{picture}")


def draw_growth(medians: pd.DataFrame, path: Path) -> None:
    """Plot the figures by number of images, on logarithmic axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.5), layout="constrained")
    axes = figure.subplots(1, 2)
    medians.plot(subplots=True, ax=axes, loglog=True, style="o-", xlabel="images")
    figure.savefig(path, dpi=150)
