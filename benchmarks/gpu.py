"""Training on a GPU: what the input costs, on both backends. Without a GPU it says so."""

from benchmarks.measurement import Row, Section, Target
from benchmarks.processes import Contender, measure_in_turn
from pipeline.compute.gpu_lock import list_gpus

# As recipes/cifar10-gpu.yaml has it.
SETTING = ("attention-56", "paper", "2")
ROUNDS = 20
# Two processes share the GPU, and neither may take all of its memory.
MEMORY = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}


def measure() -> Section:
    """Steps on the input against steps on one batch."""
    if not list_gpus():
        return Section([], "On a GPU: not measured, there is none. `python -m benchmarks gpu` measures where there is.")
    return Section([compare(backend) for backend in ("tensorflow", "jax")], "")


def compare(backend: str) -> Row:
    """One backend."""
    settings = (*SETTING, backend, "gpu", "bfloat16", "512")
    with (
        Contender("benchmarks.our_training", *settings, "flip and shift", env=MEMORY) as ours,
        Contender("benchmarks.our_training", *settings, "constant", env=MEMORY) as constant,
    ):
        ours.measure(), constant.measure()
        pairs = measure_in_turn(ROUNDS, ours.measure, constant.measure)
    rounds = [(one["images_per_second"], other["images_per_second"]) for one, other in pairs]
    name = f"training on a GPU, Attention-56, `paper` layout, width 2, bfloat16, {backend}"
    return Row(name, "images/s", "steps on one batch", rounds, Target("ratio", "≥", 0.95))
