"""A run, step by step: from its plan to its experiment."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from execution.clone import Clone
from execution.git import name_reference, run_git
from execution.open_clone import CLONES, open_clone
from execution.origin import push_reference
from execution.places import Places, UnreachableError
from execution.plan import Plan
from pipeline.errors import print_error
from pipeline.locks import hold_lock

LOCKS = CLONES.with_name("locks")
Show = Callable[[str], object]  # takes a line that is printed
Step = Callable[[Show], Any]  # takes what takes the lines that it prints


def run_plan(places: Places, plan: Plan, run_step: Callable[[str, Step], Any], say: Show = print_error) -> str:
    """Run a plan in a clone, and record it as an experiment; two runs of one experiment take turns on a machine.

    Args:
        places: where the plan was made, and where the experiment is recorded.
        plan: of the run.
        run_step: runs a step by its name, and gives what it gives: a stage of DVC's graph, each after those whose
            outputs it reads, or what goes before and after them.
        say: takes the line that says what is waited for.

    Returns:
        The git commit that records the run.

    Raises:
        InputError: the commit cannot be cloned.
        DvcError: a stage fails, or the run cannot be recorded.
        UnreachableError: not all of it could be taken or pushed; the same run again, on this machine, goes on from
            what it has, and pushes that.
    """
    repository = places.repository
    lock = repository / LOCKS / f"{plan.experiment}-{plan.commit[:12]}"
    with hold_lock(lock, f"another run of {plan.experiment}", say), ExitStack() as stack:
        opened = open_clone(repository, plan.commit, remote=places.remote)
        clone = run_step("clone", lambda _: stack.enter_context(opened))
        reference = name_reference(plan.commit, plan.experiment)
        if run_git(repository, "for-each-ref", reference):
            clone.take_results(reference)
        stages = run_step("prepare", lambda _: clone.prepare(plan.params))
        kept: list[str] = []
        try:
            for stage in stages:
                run_shared(clone, stage, kept, run_step, say)
        except UnreachableError as error:
            raise refuse_kept(places, plan, kept) if kept else error from None
        if kept:
            raise refuse_kept(places, plan, kept)
        plan.write(clone.folder)
        revision: str = run_step("save", lambda _: clone.save_experiment(plan.experiment, stages[-1]))
        if places.origin:
            run_step("push", lambda _: push_reference(places, reference))
        return revision


def refuse_kept(places: Places, plan: Plan, kept: list[str]) -> UnreachableError:
    """The error of a run that could not push the outputs of some stages."""
    return UnreachableError(
        f"{plan.experiment} requires a DVC remote that takes its outputs. Received: none that took {', '.join(kept)}; "
        f"they are in the cache of {places.repository}, and the same run again pushes them"
    )


def run_shared(clone: Clone, stage: str, kept: list[str], run_step: Callable[[str, Step], Any], say: Show) -> None:
    """Run a stage, and push what it made where machines share a remote; what that does not take is added to `kept`.

    The others are those of `run_plan`.
    """
    run_step(stage, partial(clone.run_stage, stage))
    if clone.remote:
        try:
            run_step(f"push {stage}", lambda _: clone.push_stage(stage))
        except UnreachableError as error:
            say(f"not pushed: {error}")
            kept.append(stage)
