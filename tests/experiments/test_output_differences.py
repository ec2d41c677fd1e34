import io
import json

import keras
import numpy as np
import pytest

from experiments.verifying.output_differences import describe_difference


def as_npy(array):
    file = io.BytesIO()
    np.save(file, np.asarray(array))
    return file.getvalue()


def as_npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "recorded", "received", "words"),
    [
        ("a.bin", b"\x00\x01\x02", b"\x00\xff\x02", "1 of 3 bytes"),
        ("a.bin", b"abc", b"abcd", "3 bytes → 4"),
        ("a.npy", as_npy([1.0, 2.0, 3.0]), as_npy([1.0, 2.5, 2.0]), "2 of 3 values, by up to 1"),
        ("a.npy", as_npy([1.0]), as_npy([1.0, 2.0]), "1 values → 2, of other names or shapes"),
        ("a.npy", as_npy([1.0]), b"no array at all", "136 bytes → 15"),
        ("a.npz", as_npz(a=[1, 2], b=[3]), as_npz(a=[1, 2], b=[5]), "1 of 3 values, by up to 2"),
        ("a.json", json.dumps({"a": {"b": 1}, "c": 2}), json.dumps({"a": {"b": 1.5}, "c": 2}), "a.b 1 → 1.5"),
        ("a.json", json.dumps({"a": 1 / 3}), json.dumps({"a": 2 / 3}), "a 0.333333 → 0.666667"),
        ("a.json", b'{"a": 0.30000000000000004}', b'{"a": 0.3}', "a 0.30000000000000004 → 0.3"),
        ("a.json", json.dumps({"a": 1}), json.dumps({"b": 1}), "a 1 → None; b None → 1"),
        (
            "a.json",
            json.dumps({}),
            json.dumps(dict.fromkeys("abcde", 1)),
            "a None → 1; b None → 1; c None → 1 and 2 more",
        ),
        ("a.csv", b"x,y\n1,cat\n2,dog\n", b"x,y\n1.5,cat\n2,cat\n", "2 of 4 values, by up to 0.5"),
        ("a.csv", b"x\n1\n", b"x\n1\n2\n", "1 values → 2, of other names or shapes"),
        ("a.csv", b"x\n1\n", b"x\r\n1\r\n", "4 bytes → 6"),
    ],
)
def test_a_difference_is_said_in_the_terms_of_the_file(name, recorded, received, words):
    contents = [content.encode() if isinstance(content, str) else content for content in (recorded, received)]
    assert describe_difference(name, *contents) == words


def test_models_differ_by_their_weights(tmp_path):
    contents = []
    for change in (0, 0.25):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, kernel_initializer="zeros")])
        model.layers[0].kernel.assign(np.array([[0, 0, 0], [0, 0, change]]))
        model.save(tmp_path / "model.keras")
        contents.append((tmp_path / "model.keras").read_bytes())
    assert describe_difference("model.keras", *contents) == "1 of 9 weights, by up to 0.25"
