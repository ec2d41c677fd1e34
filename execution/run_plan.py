"""A run, step by step: from its plan to its experiment."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from execution.clone import CLONES, open_clone
from execution.plan import Plan
from pipeline.locks import hold_lock, print_error

LOCKS = CLONES.with_name("locks")
Show = Callable[[str], object]  # takes a line that is printed
Step = Callable[[Show], Any]  # takes what takes the lines that it prints
Outcome = TypeVar("Outcome")


def run_plan(
    repository: Path,
    plan: Plan,
    read: Callable[[Path, str], Outcome],
    run_step: Callable[[str, Step], Any],
    say: Show = print_error,
) -> Outcome:
    """Run a plan in a clone, and record it as an experiment; two runs of one experiment take turns.

    Args:
        repository: where the experiment is recorded.
        plan: of the run.
        read: reads what is wanted of the run, from the clone's folder and the commit that records it.
        run_step: runs a step by its name, and gives what it gives: a stage of DVC's graph, each after those whose
            outputs it reads, or what goes before and after them.
        say: takes the line that says what is waited for.

    Raises:
        InputError: the commit cannot be cloned.
        DvcError: a stage fails, or the run cannot be recorded.
    """
    lock = repository / LOCKS / f"{plan.experiment}-{plan.commit[:12]}"
    with hold_lock(lock, f"another run of {plan.experiment}", say), ExitStack() as stack:
        clone = run_step("clone", lambda _: stack.enter_context(open_clone(repository, plan.commit)))
        stages = run_step("prepare", lambda _: clone.prepare(plan.params))
        for stage in stages:
            run_step(stage, partial(clone.run_stage, stage))
        plan.write(clone.folder)
        revision = run_step("save", lambda _: clone.save_experiment(plan.experiment, stages[-1]))
        return read(clone.folder, revision)
