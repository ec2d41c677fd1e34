"""Studies: which settings are measured, over which recipe and with which seeds; files of studies/."""

from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from execution.git import check_repository, find_commit, list_yaml, read_committed
from execution.plan import Plan, plan_run
from pipeline.errors import InputError
from pipeline.settings.plain_yaml import load_plain_yaml
from pipeline.settings.sections import Learning
from pipeline.settings.strictness import Section, Seed, explain_invalid

STUDIES = Path("studies")
Text = Annotated[str, Field(min_length=1)]
Pair = Annotated[list[Text], Field(min_length=2, max_length=2)]
Lines = Annotated[list[Text], Field(min_length=1, max_length=2)]


class Setting(Section):
    """One setting that a study measures.

    Attributes:
        name: by which the study's page calls it.
        network: such as attention-56.
        learning: arl or nal.
        changes: of the recipe's other parameters, by dotted key.
        seeds: of training; each is a run.
        published: test errors that others have for it, in percent, by their source.
        lines: of the study's picture that it is a point of.
        at: its place on the study's axis.
    """

    name: Text
    network: Text
    learning: Learning = "arl"
    changes: Annotated[dict[str, Any], Field(default_factory=dict)]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    published: Annotated[dict[str, float], Field(default_factory=dict)]
    lines: Annotated[list[Text], Field(default_factory=list)]
    at: float | None = None


class Study(Section):
    """A question and the runs that answer it.

    Attributes:
        question: in one sentence.
        recipe: whose parameters hold where a setting does not change them.
        seeds_because: why so many, said before they were run; what was added later is named.
        limits: what the answer does not say.
        settings: rows of its table.
        comparisons: pairs of settings, by name; a change is from the first to the second.
        axis: what lines go along, with its unit; None where there are none.
        trends: lines, or pairs of them, of whose difference it is asked how it changes along the axis, and
            what it is on average.
    """

    question: Text
    recipe: Text
    seeds_because: Text
    limits: Text
    settings: Annotated[list[Setting], Field(min_length=1)]
    comparisons: list[Pair]
    axis: Text | None = None
    trends: Annotated[list[Lines], Field(default_factory=list)]

    @model_validator(mode="after")
    def _check_names(self) -> "Study":
        names = [setting.name for setting in self.settings]
        if len(set(names)) < len(names):
            raise InputError(f"settings require a name of their own each. Received: {', '.join(names)}")
        for setting in self.settings:
            if len(set(setting.seeds)) < len(setting.seeds):
                raise InputError(f"seeds of {setting.name} are required once each. Received: {setting.seeds}")
        if unknown := [name for pair in self.comparisons for name in pair if name not in names]:
            raise InputError(f"comparisons require names of settings: {', '.join(names)}. Received: {unknown[0]}")
        return self

    @model_validator(mode="after")
    def _check_lines(self) -> "Study":
        points = [(line, setting.at) for setting in self.settings for line in setting.lines]
        if placeless := [line for line, at in points if at is None or self.axis is None]:
            raise InputError(
                f"lines require the study's axis, and each setting's place at it. Received: {placeless[0]}"
            )
        if twice := [f"{line} at {at:g}" for line, at in points if points.count((line, at)) > 1 and at is not None]:
            raise InputError(f"a line requires one setting at a place. Received: two, {twice[0]}")
        lines = [*dict.fromkeys(line for line, _ in points)]
        if unknown := [line for trend in self.trends for line in trend if line not in lines]:
            raise InputError(f"trends require lines: {', '.join(lines) or 'there are none'}. Received: {unknown[0]}")
        return self


def list_studies(repository: Path, commit: str) -> list[str]:
    """The names of the studies of a commit, which may have none."""
    return list_yaml(repository, commit, STUDIES.as_posix())


def find_study_name(path: str) -> str | None:
    """The study that a path in studies/ means, with or without its ending; None for what is no such path."""
    return Path(path).name.removesuffix(".yaml") if Path(path).parent == STUDIES else None


def load_study(repository: Path, name: str, commit: str) -> Study:
    """Read a study as committed.

    Raises:
        InputError: there is no repository, commit or study of that name, or the study is not as it must be.
    """
    check_repository(repository)
    found = find_commit(repository, commit)
    names = list_studies(repository, found)
    if name not in names:
        raise InputError(f"a study requires one of {', '.join(names)}. Received: {name}")
    source = f"{STUDIES}/{name}.yaml"
    try:
        return Study.model_validate(load_plain_yaml(read_committed(repository, found, source), source))
    except ValidationError as error:
        raise explain_invalid(error, source) from error


def plan_study(repository: Path, study: Study, commit: str) -> dict[str, dict[int, Plan]]:
    """Check all runs of a study, and give their plans by setting and seed; two settings may share runs.

    The errors are those of `plan_run`.
    """
    found = find_commit(repository, commit)
    return {
        setting.name: {
            seed: plan_run(
                repository, study.recipe, setting.learning, seed, [setting.network], setting.changes or None, found
            )
            for seed in setting.seeds
        }
        for setting in study.settings
    }


def list_plans(plans: dict[str, dict[int, Plan]]) -> list[Plan]:
    """What `plan_study` planned, each run once: first the first seed of all settings, so that pairs come early."""
    rounds = zip_longest(*(seeds.values() for seeds in plans.values()))
    return list({plan.experiment: plan for some in rounds for plan in some if plan}.values())
