"""Training on a CPU: steps, time to the first one, and memory."""

from benchmarks.measurement import Row, Section, Target
from benchmarks.operation_profile import profile_operations
from benchmarks.processes import Contender, measure_in_turn

OURS, REFERENCE = "benchmarks.our_training", "benchmarks.references.keras_network"
AGAINST = "the same layer by layer in Keras, `fit`"
# Network, layout and width: the seed repository's at half its width, and the paper's.
SETTINGS = (("attention-56", "seed", "0.5"), ("attention-92", "seed", "0.5"), ("attention-56", "paper", "1"))
STARTS, ROUNDS = 3, 4


def measure() -> Section:
    """Each network in turn, then a profile of the first one's step."""
    rows = [row for setting in SETTINGS for row in compare(*setting)]
    return Section(rows, profile_operations(f"training, {describe(*SETTINGS[0])}", OURS, *SETTINGS[0]))


def compare(network: str, layout: str, width: str) -> list[Row]:
    """One network against the reference."""
    setting = network, layout, width
    seconds = measure_in_turn(STARTS, lambda: start_once(OURS, *setting), lambda: start_once(REFERENCE, *setting))
    with Contender(OURS, *setting) as ours, Contender(REFERENCE, *setting) as other:
        ours.measure(), other.measure()  # the first steps are slower
        rounds = measure_in_turn(ROUNDS, ours.measure, other.measure)
    speeds, memory = (
        [(first[name], second[name]) for first, second in rounds] for name in ("images_per_second", "peak_gigabytes")
    )
    name = describe(*setting)
    return [
        Row(f"training, {name}", "images/s", AGAINST, speeds, Target("ratio", "≥", 1.1)),
        Row(f"time to the first step, {name}", "s", AGAINST, seconds, Target("ratio", "≤", 0.6)),
        Row(f"peak memory of training, {name}", "GB", AGAINST, memory[-1:], Target("ratio", "≤", 1)),
    ]


def describe(network: str, layout: str, width: str) -> str:
    """A setting in words."""
    return f"{network}, `{layout}` layout, width {width}"


def start_once(module: str, *setting: str) -> float:
    """Seconds from a process' start to the end of its first step."""
    with Contender(module, *setting) as contender:
        return contender.measure()["seconds_to_first_step"]
