import json

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.inputs import read_array, read_arrays, read_json, read_table

READERS = [read_json, read_array, read_arrays, read_table]


def test_files_are_read(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"a": 1}))
    (tmp_path / "a.csv").write_text("a,b\n1,None\n")
    np.save(tmp_path / "a.npy", np.arange(3))
    assert read_json(tmp_path / "a.json") == {"a": 1}
    assert read_array(tmp_path / "a.npy").tolist() == [0, 1, 2]
    assert read_table(tmp_path / "a.csv", dtype=str, keep_default_na=False)["b"].tolist() == ["None"]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("content", [None, b"", b"\x80\xff{"], ids=["missing", "empty", "garbage"])
def test_a_file_that_cannot_be_read_is_named_in_one_line(read, content, tmp_path):
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read(path)
    message = str(error.value)
    assert message.startswith(f"{path} requires a file ")
    assert ". Received: " in message
    assert "\n" not in message


def test_an_array_is_never_unpickled_and_a_torn_one_is_refused(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(InputError, match=r"objects\.npy requires a file with an array"):
        read_array(tmp_path / "objects.npy")
    np.save(tmp_path / "torn.npy", np.arange(100))
    content = (tmp_path / "torn.npy").read_bytes()
    for length in range(0, len(content), 7):
        (tmp_path / "torn.npy").write_bytes(content[:length])
        with pytest.raises(InputError, match=r"torn\.npy requires a file with an array"):
            read_array(tmp_path / "torn.npy")


def test_arrays_are_never_unpickled_and_those_that_are_needed_are_there(tmp_path):
    np.savez(tmp_path / "a.npz", one=np.arange(3))
    assert read_arrays(tmp_path / "a.npz", "one")["one"].tolist() == [0, 1, 2]
    with pytest.raises(InputError, match=r"a\.npz requires the arrays one, two\. Received: one$"):
        read_arrays(tmp_path / "a.npz", "one", "two")
    np.savez(tmp_path / "a.npz", one=np.array([{}]))
    with pytest.raises(InputError, match=r"a\.npz requires a file with arrays"):
        read_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("content", "received"), [("[]", "none"), ("{}", "none"), ('"a"', "none"), ('{"b": 1, "c": 2}', "b, c")]
)
def test_json_without_the_keys_that_are_needed_is_refused(content, received, tmp_path):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=r"a\.json requires an object with the keys a\. Received: " + received):
        read_json(tmp_path / "a.json", "a")
