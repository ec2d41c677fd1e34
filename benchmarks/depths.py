"""How training grows with the network's depth, 56 to 452 layers."""

from statistics import median

from benchmarks.measurement import Row, Section, Target
from benchmarks.processes import Contender
from pipeline.evaluation.markdown import format_table

DEPTHS = (56, 92, 236, 452)
WIDTH = "0.25"
ROUNDS = 3


def measure() -> Section:
    """One network after another, in the layout that has them all."""
    speeds, starts, peaks = {}, {}, {}
    for depth in DEPTHS:
        with Contender("benchmarks.our_training", f"attention-{depth}", "paper", WIDTH) as contender:
            starts[depth] = contender.measure()["seconds_to_first_step"]
            rounds = [contender.measure() for _ in range(ROUNDS)]
        speeds[depth] = median(result["images_per_second"] for result in rounds)
        peaks[depth] = rounds[-1]["peak_gigabytes"]
    least, most = DEPTHS[0], DEPTHS[-1]
    times = most / least
    name = f"Attention-{most}, `paper` layout, width {WIDTH}"
    against = f"{times:.2g} × that of Attention-{least}"
    figures = {
        "seconds for 1,000 images": {depth: 1000 / speed for depth, speed in speeds.items()},
        "time to the first step": starts,
    }
    rows = [
        Row(f"{what}, {name}", "s", against, [(seconds[most], times * seconds[least])], Target("ratio", "≤", 1.2))
        for what, seconds in figures.items()
    ]
    table = format_table(
        [
            {
                "Depth": depth,
                "Images/s": f"{speeds[depth]:.0f}",
                "Seconds to the first step": f"{starts[depth]:.1f}",
                "Peak memory, GB": peaks[depth],
            }
            for depth in DEPTHS
        ]
    )
    return Section(rows, f"## Growth with the depth: `paper` layout, width {WIDTH}\n\n{table}")
