import json
from pathlib import Path

import pytest

from pipeline.outputs import write_json, written_aside


def write_folder(path, content):
    with written_aside(path) as aside:
        aside.mkdir()
        (aside / "file").write_text(content)


@pytest.fixture
def output(tmp_path):
    return tmp_path / "made/on/the/way/output"


def test_a_file_takes_its_name_only_when_it_is_complete(output):
    with written_aside(output) as aside:
        aside.write_text("new")
        assert aside.parent == output.parent
        assert not output.exists()
    assert output.read_text() == "new"
    assert list(output.parent.iterdir()) == [output]


def test_a_folder_replaces_all_of_an_earlier_one(output):
    output.mkdir(parents=True)
    (output / "old").touch()
    write_folder(output, "new")
    assert [path.name for path in output.iterdir()] == ["file"]
    assert list(output.parent.iterdir()) == [output]


def test_a_folder_that_cannot_be_replaced_stays(output, monkeypatch):
    write_folder(output, "old")
    replace = Path.replace

    def refuse(path, target):
        if path.name.endswith(".output.aside"):
            raise OSError("refused")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="refused"):
        write_folder(output, "new")
    assert (output / "file").read_text() == "old"
    assert list(output.parent.iterdir()) == [output]


def test_a_file_replaces_an_earlier_one(output):
    for text in ("old", "new"):
        with written_aside(output) as aside:
            aside.write_text(text)
    assert output.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_earlier_output_and_nothing_else(error, output):
    def write_half():
        with written_aside(output) as aside:
            aside.mkdir()
            (aside / "file").write_text("half")
            assert (output / "file").read_text() == "old"
            raise error

    write_folder(output, "old")
    with pytest.raises(error):
        write_half()
    assert (output / "file").read_text() == "old"
    assert list(output.parent.iterdir()) == [output]


def test_a_block_that_writes_nothing_leaves_the_earlier_output(output):
    write_folder(output, "old")
    with pytest.raises(FileNotFoundError), written_aside(output):
        pass
    assert (output / "file").read_text() == "old"


def test_what_a_killed_attempt_left_aside_is_removed_first(output):
    with written_aside(output) as aside:
        aside.write_text("")
    aside.mkdir()
    (aside / "left").touch()
    with written_aside(output) as aside:
        assert not aside.exists()
        aside.write_text("new")
    assert output.read_text() == "new"


def test_a_link_is_replaced_and_not_what_it_leads_to(output, tmp_path):
    """Outputs can be links into a cache."""
    cached = tmp_path / "cached"
    write_folder(cached, "old")
    output.parent.mkdir(parents=True)
    output.symlink_to(cached)
    write_folder(output, "new")
    assert not output.is_symlink()
    assert (output / "file").read_text() == "new"
    assert (cached / "file").read_text() == "old"


def test_json_is_indented_and_ends_with_a_newline(output):
    write_json(output, {"a": [1, 0.5, None]})
    text = output.read_text()
    assert json.loads(text) == {"a": [1, 0.5, None]}
    assert text.startswith('{\n  "a"')
    assert text.endswith("}\n")


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_has_no_numbers_that_are_not_finite(number, output):
    write_json(output, {})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(output, {"a": number})
    assert json.loads(output.read_text()) == {}
    assert list(output.parent.iterdir()) == [output]
