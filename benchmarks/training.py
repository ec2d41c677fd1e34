"""Training on a CPU: steps, time to the first one, and memory."""

from benchmarks.measurement import Row, Section, Target
from benchmarks.operation_profile import profile_operations
from benchmarks.processes import Contender, measure_in_turn

OURS, REFERENCE = "benchmarks.our_training", "benchmarks.references.keras_network"
DEFAULT_KERNELS = "benchmarks.references.default_kernels"
AGAINST = "the same layer by layer in Keras, `fit`"
# Network, layout and width: the seed repository's at half its width, and the paper's.
SETTINGS = (("attention-56", "seed", "0.5"), ("attention-92", "seed", "0.5"), ("attention-56", "paper", "1"))
# Those of the recipes for CPUs.
RECIPES = (("attention-56", "wide-stem", "0.375"), ("attention-92", "wide-stem", "0.375"))
STARTS, ROUNDS = 3, 4


def measure() -> Section:
    """Each network in turn, then a profile of the first one's step."""
    rows = [row for setting in SETTINGS for row in compare(*setting)]
    rows += [compare_kernels(*setting) for setting in RECIPES]
    return Section(rows, profile_operations(f"training, {describe(*SETTINGS[0])}", OURS, *SETTINGS[0]))


def compare(network: str, layout: str, width: str) -> list[Row]:
    """One network against the reference."""
    setting = network, layout, width
    seconds = measure_in_turn(STARTS, lambda: start_once(OURS, *setting), lambda: start_once(REFERENCE, *setting))
    rounds = measure_rounds(REFERENCE, ROUNDS, *setting)
    speeds, memory = (
        [(first[name], second[name]) for first, second in rounds] for name in ("images_per_second", "peak_gigabytes")
    )
    name = describe(*setting)
    return [
        Row(f"training, {name}", "images/s", AGAINST, speeds, Target("ratio", "≥", 1.1)),
        Row(f"time to the first step, {name}", "s", AGAINST, seconds, Target("ratio", "≤", 0.6)),
        Row(f"peak memory of training, {name}", "GB", AGAINST, memory[-1:], Target("ratio", "≤", 1)),
    ]


def compare_kernels(network: str, layout: str, width: str) -> Row:
    """Portable kernels against those that TensorFlow chooses by the CPU."""
    rounds = measure_rounds(DEFAULT_KERNELS, 2 * ROUNDS, network, layout, width)
    speeds = [(first["images_per_second"], second["images_per_second"]) for first, second in rounds]
    name = f"training, {describe(network, layout, width)}: portable kernels"
    return Row(name, "images/s", "those that TensorFlow chooses by the CPU", speeds, None)


def measure_rounds(module: str, rounds: int, *setting: str) -> list[tuple[dict[str, float], dict[str, float]]]:
    """What rounds of our training and of another contender's give, in turn."""
    with Contender(OURS, *setting) as ours, Contender(module, *setting) as other:
        ours.measure(), other.measure()  # the first steps are slower
        return measure_in_turn(rounds, ours.measure, other.measure)


def describe(network: str, layout: str, width: str) -> str:
    """A setting in words."""
    return f"{network}, `{layout}` layout, width {width}"


def start_once(module: str, *setting: str) -> float:
    """Seconds from a process' start to the end of its first step."""
    with Contender(module, *setting) as contender:
        return contender.measure()["seconds_to_first_step"]
