"""Whatever a parameter file holds: it gives parameters, or is refused in one line."""

import copy
import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from execution.recipe_changes import change_recipe
from pipeline.settings.params import Params, check_params, load_params
from tests.limited import ROOT
from tests.refusals import accept_or_refuse

TEXT = (ROOT / "recipes/demo.yaml").read_text()
DEMO = YAML(typ="safe").load(TEXT)
# Lines, quotes, brackets, anchors, tags, numbers and words that YAML or the parameters give a meaning.
TOKENS = [
    *"\n\r\t -:?,[]{}&*!|>'\"%@`#~<=.0179exo_\\\0\x85\u2028\ufeff", "a: ", "- ", "&a ", "*a", "<<: ",
    "!!int ", "!!set ", "!!binary ", "!!float ", "!!python/name:os.system ", "---\n", "...\n",
    "%YAML 1.1\n", "0x", "0o", ".inf", ".nan", "null", "true",
    "2020-01-01", "1e999", "networks: ", "train:\n  ", "download: ", "attention-56", "custom", "\\ud800",
]  # fmt: skip

numbers = st.integers() | st.floats() | st.integers(10**300, 10**400)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=20) | st.sampled_from(["", "custom", "attention-200"])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
)


def list_keys(content, before=()):
    """The place of every parameter and section."""
    for key, value in content.items():
        yield (*before, key)
        if isinstance(value, dict):
            yield from list_keys(value, (*before, key))


KEYS = list(list_keys(DEMO))


def load(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "my.yaml")
        path.write_bytes(content)
        params, message = accept_or_refuse(load_params, path)
    assert bool(message) != isinstance(params, Params)


@given(st.binary(max_size=200))
def test_bytes_of_any_kind(content):
    load(content)


@given(st.lists(st.sampled_from(TOKENS), max_size=40).map("".join))
def test_yaml_of_any_kind(text):
    load(text.encode("utf-8", "surrogatepass"))


@given(
    st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(0, 20), st.sampled_from(TOKENS)), min_size=1, max_size=4)
)
def test_the_demo_with_other_text(changes):
    text = TEXT
    for place, length, token in changes:
        text = text[:place] + token + text[place + length :]
    load(text.encode("utf-8", "surrogatepass"))


@given(st.lists(st.tuples(st.sampled_from(KEYS), values), min_size=1, max_size=3))
def test_the_demo_with_other_values(changes):
    content = copy.deepcopy(DEMO)
    for (*sections, key), value in changes:
        section = content
        for name in sections:
            section = section.get(name) if isinstance(section, dict) else None
        if isinstance(section, dict):
            section[key] = value
    accept_or_refuse(check_params, content, "params.yaml")
    load(json.dumps(content).encode())


@settings(max_examples=80)  # the reader that keeps comments is slow
@given(st.dictionaries(st.sampled_from([".".join(key) for key in KEYS]) | st.text(max_size=20), values, max_size=3))
def test_changes_of_a_recipe(changes):
    text, _ = accept_or_refuse(change_recipe, TEXT, changes, "demo")
    if text is not None:
        load(text.encode("utf-8", "surrogatepass"))
