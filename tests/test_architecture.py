"""The arrows between the project's rooms, and what dvc.yaml must say of them."""

import ast
import inspect
import re
import subprocess
import sys
import textwrap
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline.settings.params import Params
from pipeline.training.identity import computes
from tests.tiny_repository import ROOT

HEAVY = {"tensorflow", "keras", "jax"}
READER = ("pipeline.settings.params", "pipeline.settings.plain_yaml")
INNER = ("pipeline.cifar", "pipeline.model", "pipeline.training", "pipeline.stages")
# What the modules in a folder never import.
ARROWS = {
    "pipeline": ("dvc", "prefect", "execution", "experiments", "flows"),
    **dict.fromkeys(
        [f"pipeline/{room}" for room in ("compute", "cifar", "model", "training", "evaluation")],
        (*READER, "pipeline.stages", "pipeline.trained"),
    ),
    "pipeline/stages": ("pipeline.trained",),
    "pipeline/trained": ("pipeline.stages",),
    "execution": (*INNER, *HEAVY, "prefect", "flows", "experiments"),
    "experiments": (*INNER, *HEAVY, "prefect", "flows"),
    "experiments/comparing": ("experiments.publishing", "experiments.verifying", "experiments.cells"),
    "experiments/publishing": ("experiments.verifying", "experiments.cells"),
    "experiments/verifying": ("experiments.cells",),
    "flows": (*INNER, *HEAVY),
}
STAGES = ("download", "preprocess", "tfrecords", "train", "evaluate", "report")


def imported_modules(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported_files(path: Path) -> set[str]:
    files = {name.replace(".", "/") + ".py" for name in imported_modules(path)}
    return {file for file in files if (ROOT / file).is_file()}


def import_closure(file: str) -> set[str]:
    """What a module imports, and that in turn; what `params` in dvc.yaml tracks is not gone into."""
    closure, open_files = set(), {file}
    while open_files:
        file = open_files.pop()
        closure.add(file)
        open_files |= {other for other in imported_files(ROOT / file) - closure if "settings/" not in other}
    return closure


def find_templates(file: str) -> set[str]:
    """The templates beside a module that it names."""
    names = re.findall(r'"([\w.]+\.j2)"', (ROOT / file).read_text())
    return {(Path(file).parent / name).as_posix() for name in names}


def needed_files(stage: str) -> set[str]:
    modules = import_closure(f"pipeline/stages/{stage}.py")
    return modules.union(*map(find_templates, modules))


@pytest.fixture(scope="module")
def graph() -> dict:
    return YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]


@pytest.mark.parametrize("stage", STAGES)
def test_deps_of_a_stage_hold_the_modules_that_compute_of_those_that_it_imports_and_no_others(graph, stage):
    needed = {file for file in needed_files(stage) if computes(Path(file))}
    assert {dep for dep in graph[stage]["deps"] if dep.startswith("pipeline/")} == needed


def read_sections(tree: ast.AST, name: str) -> set[str]:
    """The sections that code reads of parameters which it calls by a name, whole or by `model_dump`."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name:
            names.add(node.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "model_dump":
            names |= {part.value for keyword in node.keywords for part in getattr(keyword.value, "elts", [])}
    found = names & Params.model_fields.keys()
    for other in names - found:
        if isinstance(known := getattr(Params, other, None), property):
            found |= read_sections(ast.parse(textwrap.dedent(inspect.getsource(known.fget))), "self")
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_all_sections_of_parameters_that_it_reads_in_dvc_yaml_and_no_others(graph, stage):
    file = f"pipeline/stages/{stage}.py"
    read = read_sections(ast.parse((ROOT / file).read_text()), "params")
    read |= {
        name for path in find_templates(file) for name in re.findall(r"\bparams\.(\w+)", (ROOT / path).read_text())
    }
    declared = [param for param in graph[stage]["params"] if isinstance(param, str)]  # the others are of other files
    assert {param.partition(".")[0] for param in declared} == read


def test_templates_are_known_by_the_name_that_their_module_has_for_them():
    templates = {path.relative_to(ROOT).as_posix() for path in (ROOT / "pipeline").rglob("*.j2")}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "pipeline").rglob("*.py")}
    assert templates
    assert templates == set().union(*map(find_templates, modules))


def test_stages_have_the_names_of_their_files(graph):
    assert tuple(graph) == STAGES
    for stage in STAGES:
        assert graph[stage]["cmd"].startswith(f"python -m pipeline.stages.{stage}")


@pytest.mark.parametrize("folder", ARROWS)
def test_a_room_does_not_know_those_above_it(folder):
    paths = list((ROOT / folder).rglob("*.py"))
    assert paths
    for path in paths:
        names = imported_modules(path)
        assert not [name for name in names for other in ARROWS[folder] if f"{name}.".startswith(f"{other}.")], path


def test_settings_are_at_the_bottom():
    """But for the reader, which asks the table of networks whether there is one of a name."""
    own = ("pipeline.errors", "pipeline.settings")
    for name, allowed in (("sections", own), ("plain_yaml", own), ("params", (*own, "pipeline.model.variants"))):
        names = imported_modules(ROOT / f"pipeline/settings/{name}.py")
        assert not [other for other in names if other.startswith("pipeline") and not other.startswith(allowed)], name
    assert import_closure("pipeline/model/variants.py") == {"pipeline/errors.py", "pipeline/model/variants.py"}


def test_stages_never_import_each_other():
    for stage in STAGES:
        names = imported_modules(ROOT / f"pipeline/stages/{stage}.py")
        assert not [name for name in names for other in STAGES if name.startswith(f"pipeline.stages.{other}")]


def test_params_yaml_is_read_in_one_place():
    """So a process reads and checks it once: a stage is given what was read."""
    readers = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "pipeline").rglob("*.py")
        if "pipeline.settings.params.load_params" in imported_modules(path)
    ]
    assert readers == ["pipeline/stages/command.py"]


@pytest.mark.parametrize("stage", ["download", "preprocess", "tfrecords", "report"])
def test_stages_that_need_no_tensorflow_do_not_import_it(stage):
    for file in import_closure(f"pipeline/stages/{stage}.py"):
        assert not {name.partition(".")[0] for name in imported_modules(ROOT / file)} & HEAVY, file


def test_data_stages_start_without_what_takes_long_to_import():
    modules = ", ".join(f"pipeline.stages.{stage}" for stage in ("download", "preprocess", "tfrecords"))
    command = f"import sys, {modules}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True, capture_output=True, text=True)
    assert not set(loaded.stdout.split()) & {*HEAVY, "matplotlib", "pandas", "requests", "scipy"}


def test_checkpoints_are_read_and_written_without_tensorflow():
    for file in import_closure("pipeline/training/checkpoints.py"):
        assert not {name.partition(".")[0] for name in imported_modules(ROOT / file)} & HEAVY, file


def test_everything_that_is_imported_is_declared():
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lists = content["project"]["dependencies"], *content["project"]["optional-dependencies"].values()
    lines = sum(lists, content["dependency-groups"]["dev"])
    declared = {re.match(r"[\w-]+", line)[0] for line in lines} | {"tensorflow-datasets"}  # of a benchmark's own
    providers = packages_distributions()
    rooms = ("pipeline", "execution", "experiments", "flows", "benchmarks", "tests")
    for path in (path for room in rooms for path in (ROOT / room).rglob("*.py")):
        for package in {name.partition(".")[0] for name in imported_modules(path)} - {*rooms, *sys.stdlib_module_names}:
            names = {re.sub("[_.]", "-", name).lower() for name in providers.get(package, [package])}
            assert names & declared, f"{path}: {package}"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-gpu.lock"])
def test_locks_pin_the_numerical_libraries_that_results_are_recorded_for(lock):
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["numerical-libraries"]
    pins = dict(line.split(" ")[0].split("==") for line in (ROOT / lock).read_text().splitlines() if "==" in line)
    assert {name: pins[name] for name in required} == required


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-gpu.lock"])
def test_locks_hold_hashes_and_no_addresses(lock):
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert text.count("--hash=sha256:") > text.count("==")
