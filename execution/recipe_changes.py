"""A run's parameters: a recipe with its changes, and the name of the experiment that they make."""

import hashlib
import io
import json
from typing import Any

from ruamel.yaml import YAML

from pipeline.errors import InputError
from pipeline.settings.params import Params, check_params, read_recorded_params
from pipeline.settings.sections import Learning

# What a flow has arguments for, which name the experiment.
ARGUMENTS = {"model.learning": "learning", "train.seed": "seed", "networks": "networks"}


def change_recipe(text: str, changes: dict[str, Any], source: str) -> str:
    """A recipe with some parameters changed; its comments stay, and what is not changed stays as it is written.

    Args:
        text: of the recipe.
        changes: by dotted key, such as ``{"train.epochs": 2}``.
        source: names the recipe in error messages.

    Raises:
        InputError: a key that the recipe does not have, or a value that it does not allow.
    """
    read_recorded_params(text, source)  # what another commit requires, its own code checks
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 4096
    content = yaml.load(text)
    for dotted, value in changes.items():
        *sections, key = dotted.split(".")
        section = content
        for name in sections:
            section = section.get(name) if isinstance(section, dict) else None
        if not isinstance(section, dict) or key not in section:
            received = dotted if dotted.isprintable() else ascii(dotted)
            raise InputError(f"{source} requires changes of parameters that it has. Received: {received}")
        if section[key] != value:
            section[key] = value
    # As plain values: what the comments' reader gives are no exact types.
    check_params(json.loads(json.dumps(content)), source, recorded=True)
    changed = io.StringIO()
    yaml.dump(content, changed)
    return changed.getvalue()


def collect_changes(
    learning: Learning, seed: int | None, networks: list[str] | None, overrides: dict[str, Any] | None
) -> dict[str, Any]:
    """The arguments of a flow as changes of its recipe; None leaves what the recipe says.

    Raises:
        InputError: an override of what is an argument of its own.
    """
    for key in overrides or {}:
        for taken, argument in ARGUMENTS.items():
            if f"{taken}.".startswith(f"{key}."):
                raise InputError(f"overrides require keys that hold no argument. Received: {key}; use {argument}")
    given = {"model.learning": learning, "train.seed": seed, "networks": networks}
    return {key: value for key, value in given.items() if value is not None} | (overrides or {})


def name_experiment(recipe: str, original: str, changed: str) -> str:
    """The experiment's name: `<recipe>-<learning>`, then what else differs from the recipe.

    A seed adds `-s<seed>`, networks add their depths, and other parameters add twelve digits of their digest: runs with
    other results have other names, and the same values have the same name however they are written.

    Args:
        recipe: its name.
        original: its text.
        changed: the text that `change_recipe` made of it.
    """
    before, after = (read_recorded_params(text, recipe) for text in (original, changed))
    differing = list_differences(before, after)
    parts = [recipe, after.model.learning]
    if "train.seed" in differing:
        parts.append(f"s{after.train.seed}")
    if "networks" in differing:
        parts += [network.removeprefix("attention-") for network in after.networks]
    if others := {key: pair[1] for key, pair in differing.items() if key not in ARGUMENTS}:
        parts.append(hashlib.sha256(json.dumps(others, sort_keys=True).encode()).hexdigest()[:12])
    return "-".join(parts)


def list_differences(*params: Params) -> dict[str, tuple[Any, ...]]:
    """The values of parameters that differ, by dotted key; None where one of several has no such parameter."""
    flat = [flatten(each.model_dump()) for each in params]
    keys = dict.fromkeys(key for values in flat for key in values)
    found = {key: tuple(values.get(key) for values in flat) for key in keys}
    return {key: values for key, values in found.items() if any(value != values[0] for value in values)}


def flatten(content: Any, prefix: str = "") -> dict[str, Any]:
    """The values of nested dictionaries by dotted key."""
    if not isinstance(content, dict):
        return {prefix: content}
    parts = (flatten(value, f"{prefix}.{key}" if prefix else key) for key, value in content.items())
    return {name: value for part in parts for name, value in part.items()}
