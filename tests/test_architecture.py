"""The arrows between the project's rooms, and what dvc.yaml must say of them."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
# `params:` in dvc.yaml tracks the values that they read.
PARAMS = {"pipeline/params.py", "pipeline/sections.py"}
STAGES = ("download", "preprocess", "tfrecords", "train", "evaluate", "report")
ROOMS = ("compute", "cifar", "model", "training", "evaluation")
PACKAGES = ("execution", "experiments", "flows")
HEAVY = {"tensorflow", "keras", "jax"}


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
    closure, open_files = set(), {file}
    while open_files:
        file = open_files.pop()
        closure.add(file)
        open_files |= imported_files(ROOT / file) - closure - PARAMS
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
def test_deps_of_a_stage_hold_all_modules_that_it_imports_and_their_templates(graph, stage):
    deps = [Path(dep) for dep in graph[stage]["deps"]]
    missing = [file for file in needed_files(stage) if not any(Path(file).is_relative_to(dep) for dep in deps)]
    assert not missing


@pytest.mark.parametrize("stage", STAGES)
def test_deps_of_a_stage_name_no_module_that_it_does_not_import(graph, stage):
    needed = needed_files(stage)
    code = [dep for dep in graph[stage]["deps"] if dep.startswith("pipeline/")]
    assert [dep for dep in code if not any(Path(file).is_relative_to(dep) for file in needed)] == []


def test_templates_are_known_by_the_name_that_their_module_has_for_them():
    templates = {path.relative_to(ROOT).as_posix() for path in (ROOT / "pipeline").rglob("*.j2")}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "pipeline").rglob("*.py")}
    assert templates
    assert templates == set().union(*map(find_templates, modules))


def test_stages_have_the_names_of_their_files(graph):
    assert tuple(graph) == STAGES
    for stage in STAGES:
        assert graph[stage]["cmd"].startswith(f"python -m pipeline.stages.{stage}")


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_neither_parameters_nor_stages_nor_the_orchestrators(room):
    for path in (ROOT / "pipeline" / room).glob("*.py"):
        names = imported_modules(path)
        forbidden = ("pipeline.params", "pipeline.sections", "pipeline.stages", *PACKAGES, "dvc", "prefect")
        assert not [name for name in names if name.startswith(forbidden)], path


def test_stages_never_import_each_other():
    for stage in STAGES:
        names = imported_modules(ROOT / f"pipeline/stages/{stage}.py")
        assert not [name for name in names for other in STAGES if name.startswith(f"pipeline.stages.{other}")]


def test_the_pipeline_knows_neither_dvc_nor_prefect():
    for path in (ROOT / "pipeline").rglob("*.py"):
        assert not {name.partition(".")[0] for name in imported_modules(path)} & {"dvc", "prefect", *PACKAGES}, path


@pytest.mark.parametrize("package", ["execution", "experiments", "flows"])
def test_what_surrounds_the_pipeline_never_imports_its_inner_rooms_or_tensorflow(package):
    for path in (ROOT / package).glob("*.py"):
        names = imported_modules(path)
        rooms = ("pipeline.cifar", "pipeline.model", "pipeline.training", "pipeline.stages")
        assert not [name for name in names if name.startswith(rooms)], path
        assert not {name.partition(".")[0] for name in names} & HEAVY, path


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [("execution", {"prefect", "flows", "experiments"}), ("experiments", {"prefect", "flows"})],
)
def test_runs_and_records_know_nothing_of_prefect(package, forbidden):
    for path in (ROOT / package).glob("*.py"):
        assert not {name.partition(".")[0] for name in imported_modules(path)} & forbidden, path


@pytest.mark.parametrize("stage", ["download", "preprocess", "tfrecords", "report"])
def test_stages_that_need_no_tensorflow_do_not_import_it(stage):
    for file in import_closure(f"pipeline/stages/{stage}.py"):
        assert not {name.partition(".")[0] for name in imported_modules(ROOT / file)} & HEAVY, file


@pytest.mark.parametrize("stage", ["download", "preprocess", "tfrecords"])
def test_data_stages_start_without_what_takes_long_to_import(stage):
    command = f"import sys, pipeline.stages.{stage}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True, capture_output=True, text=True)
    assert not set(loaded.stdout.split()) & {*HEAVY, "matplotlib", "pandas", "requests", "scipy"}


def test_checkpoints_are_read_and_written_without_tensorflow():
    for file in import_closure("pipeline/training/checkpoints.py"):
        assert not {name.partition(".")[0] for name in imported_modules(ROOT / file)} & HEAVY, file


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
