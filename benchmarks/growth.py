"""How the data stages grow: with the images, of which memory should know nothing, and with the number of shards."""

import json
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.data_projects import DATA_STAGES, Project, make_project
from benchmarks.measurement import Row, Section, Target
from benchmarks.processes import ROOT, Usage

TRAIN_IMAGES, TEST_IMAGES = 12_500, 2_500
IMAGES = TRAIN_IMAGES + TEST_IMAGES
TIMES = (1, 2, 4, 8)  # an archive's content may have little more
IMAGES_PER_SHARD = (500, 1_000, 2_000, 5_000, 10_000, 20_000)
ROUNDS = 3


def measure() -> Section:
    """Every part, one after another."""
    with tempfile.TemporaryDirectory() as folder:
        projects = {
            times: make_project(Path(folder, f"times-{times}"), times * TRAIN_IMAGES, times * TEST_IMAGES)
            for times in TIMES
        }
        parts = [measure_images(projects), measure_shards(projects[max(TIMES) // 2])]
    return Section([row for part in parts for row in part.rows], "\n\n".join(part.text for part in parts))


def measure_images(projects: dict[int, Project]) -> Section:
    """The data stages on 1 to 8 times the images; all sizes in each round, after one that does not count."""
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
    medians = {
        times * IMAGES: (median(used[times].seconds for used in rounds), rounds[-1][times].peak_gigabytes)
        for times in TIMES
    }
    draw_growth(medians, ROOT / "benchmarks/growth.png")
    lines = [f"| {count:,} | {used:.2f} | {peak:.3f} |" for count, (used, peak) in medians.items()]
    table = "\n".join(["| Images | Seconds | Peak memory, GB |", "| ---: | ---: | ---: |", *lines])
    title = "## Growth with the images"
    return Section(rows, f"{title}\n\n{table}\n\n![Seconds and peak memory against the images](growth.png)")


def measure_shards(project: Project) -> Section:
    """Stage `tfrecords` with few and many shards of the same images."""
    params = json.loads((project.folder / "params.yaml").read_text())
    project.run(*DATA_STAGES[:2])

    def run(images_per_shard: int) -> Usage:
        params["tfrecords"]["images_per_shard"] = images_per_shard
        (project.folder / "params.yaml").write_text(json.dumps(params))
        return project.run("tfrecords")

    run(max(IMAGES_PER_SHARD))
    rounds = [{size: run(size) for size in IMAGES_PER_SHARD} for _ in range(ROUNDS)]
    small, large = min(IMAGES_PER_SHARD), max(IMAGES_PER_SHARD)
    seconds = [(used[small].seconds, used[large].seconds) for used in rounds]
    row = Row(f"stage `tfrecords`, {small:,} images a shard", "s", f"{large:,} images a shard", seconds, None)
    lines = [
        f"| {size:,} | {median(used[size].seconds for used in rounds):.2f} | {rounds[-1][size].peak_gigabytes:.3f} |"
        for size in IMAGES_PER_SHARD
    ]
    head = ["| Images a shard | Seconds | Peak memory, GB |", "| ---: | ---: | ---: |"]
    return Section([row], "\n".join(["## Growth with the shards: stage `tfrecords`", "", *head, *lines]))


def draw_growth(figures: dict[int, tuple[float, float]], path: Path) -> None:
    """Plot (seconds, gigabytes) by number of images, and what would be in proportion."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.5), layout="constrained")
    counts = list(figures)
    for place, label in enumerate(("seconds", "peak memory, GB")):
        values = [pair[place] for pair in figures.values()]
        axes = figure.add_subplot(1, 2, place + 1, xlabel="images", ylabel=label)
        axes.plot(counts, values, "o-", label="data stages")
        axes.plot(
            counts, [values[0] * count / counts[0] for count in counts], "--", color="gray", label="in proportion"
        )
        axes.set_xscale("log")
        axes.set_yscale("log", base=2)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_xticks(counts, [f"{count:,}" for count in counts])
        axes.minorticks_off()
        axes.legend()
    figure.savefig(path, dpi=150)
