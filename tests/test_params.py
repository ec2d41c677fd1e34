import json
from typing import Annotated

import pytest

from pipeline.errors import InputError
from pipeline.settings import params
from pipeline.settings.params import check_params, load_params, read_recorded_params
from pipeline.settings.sections import Model
from pipeline.settings.strictness import AsBefore, Count
from tests.refusals import refusal
from tests.tiny_repository import ROOT

CUSTOM = {
    "dataset": "custom",
    "layout": "cifar10",
    "url": "file:///data.tar.gz",
    "sha256": "0" * 64,
}
STEPS = {"schedule": "steps", "peak": 0.1, "warmup_epochs": 0, "drop_epochs": [1, 2.5], "factor": 0.1}
MISSING = object()


def change(content, keys, value):
    """Set the parameter at dotted `keys`, or remove it where the value is MISSING."""
    *sections, key = keys.split(".")
    for section in sections:
        content = content[section]
    if value is MISSING:
        del content[key]
    else:
        content[int(key) if key.isdigit() else key] = value


def test_the_demo_is_what_runs_at_first():
    assert (ROOT / "params.yaml").read_bytes() == (ROOT / "recipes/demo.yaml").read_bytes()


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ("train.weight_decay", 0),
        ("train.seed", 2**31 - 1),
    ],
)
def test_other_values_are_allowed(keys, value, demo):
    change(demo, keys, value)
    check_params(demo, "params.yaml")


BAD = [
    # unknown
    ("extra", 1), ("train.rate", 0.1), ("download.url", "https://x"), ("train.learning_rate.factor", 0.1),
    # missing
    ("networks", MISSING), ("evaluate", MISSING), ("model.width", MISSING), ("download.sha256", MISSING),
    ("train.learning_rate.peak", MISSING),
    # of another type
    ("train.epochs", 1.0), ("train.epochs", "3"), ("train.epochs", True), ("train.momentum", True),
    ("train.momentum", "0.9"), ("augment.horizontal_flip", 1), ("augment.horizontal_flip", "off"), ("model", None),
    ("networks", "attention-56"), ("networks.0", 56), ("train.learning_rate", 0.1), ("download.sha256", 7),
    # out of range
    ("networks", []), ("train.epochs", 0), ("train.seed", 2**31), ("train.seed", -1), ("train.momentum", 1.0),
    ("train.learning_rate.peak", 0.0), ("train.weight_decay", -0.1), ("model.width", 0), ("model.dropout", 1.0),
    ("model.attention", "both"), ("model.mask", None), ("preprocess.mean", "per_pixel"),
    ("compute.backend", "torch"), ("compute.threads", 0), ("compute.devices", 0),
    ("preprocess.validation_images", -1), ("preprocess.label_noise", 1.0), ("preprocess.label_noise", -0.1),
    ("tfrecords.images_per_shard", 0), ("augment.shift_pixels", 32),
    ("augment.cutout_pixels", 33), ("augment.fill", "black"), ("download.train_images", 75),
    ("download.test_images", 0), ("download.sha256", "0" * 63), ("download.sha256", "A" * 64),
    # not finite
    ("train.weight_decay", float("nan")), ("model.width", float("inf")),
    ("train.learning_rate.warmup_epochs", float("inf")),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "value"), BAD)
def test_a_bad_parameter_is_named_in_one_line(keys, value, demo):
    change(demo, keys, value)
    received = "nothing" if value is MISSING else repr(value)
    message = refusal(check_params, demo, "my.yaml")
    assert message.startswith(f"my.yaml: {keys}: ")
    assert message.endswith(f". Received: {received}")


@pytest.mark.parametrize(
    ("section", "value", "where"),
    [
        ("download", CUSTOM | {"layout": "cifar1000"}, "download.layout"),
        ("download", {"dataset": "cifar10", "url": "https://example.invalid"}, "download.url"),
        ("download", {"dataset": "cifar100", "sha256": "0"}, "download.sha256"),
        ("download", CUSTOM | {"custom": 1}, "download.custom"),
        ("steps", 1, "steps"),
    ],
)
def test_no_key_but_the_users_is_named(section, value, where, demo):
    demo[section] = value
    assert refusal(check_params, demo, "params.yaml").startswith(f"params.yaml: {where}: ")


@pytest.mark.parametrize(
    ("keys", "known"),
    [
        ("download.dataset", "'synthetic', 'cifar10', 'cifar100', 'custom'"),
        ("train.learning_rate.schedule", "'cosine', 'steps'"),
    ],
)
def test_an_unknown_kind_lists_the_known_ones(keys, known, demo):
    change(demo, keys, "other")
    message = refusal(check_params, demo, "params.yaml")
    section, _, key = keys.rpartition(".")
    assert message.startswith(f"params.yaml: {section}: ")
    assert key in message
    assert known in message


@pytest.mark.parametrize("url", ["data.tar.gz", "ftp://example.invalid/data.tar.gz", "https://", ""])
def test_an_archive_has_an_address(url, demo):
    demo["download"] = CUSTOM | {"url": url}
    assert refusal(check_params, demo, "params.yaml").startswith("params.yaml: download.url: ")


@pytest.mark.parametrize(
    ("layout", "network", "valid"),
    [
        ("seed", "attention-128", "attention-mini, attention-56, attention-92"),
        ("seed", "Attention-56", "attention-mini, attention-56, attention-92"),
        ("paper", "attention-57", "attention-<36 m + 20>"),
        *(
            ("paper", name, "attention-<36 m + 20>")
            for name in ("attention-20", "attention-056", "resnet-56", "attention-mini")
        ),
    ],
)
def test_an_unknown_network_lists_the_valid_ones(layout, network, valid, demo):
    demo["model"]["layout"] = layout
    demo["networks"] = ["attention-56", network]
    message = refusal(check_params, demo, "params.yaml")
    assert f"the {layout} layout requires one of " in message
    assert valid in message
    assert message.endswith(f"Received: {network}")


def test_a_network_is_listed_once(demo):
    demo["networks"] = ["attention-56", "attention-56"]
    message = refusal(check_params, demo, "params.yaml")
    assert message == "params.yaml: networks requires each network once. Received: attention-56, attention-56"


def test_further_mistakes_are_counted(demo):
    demo["train"]["epochs"], demo["evaluate"]["batch_size"] = 0, 0
    assert refusal(check_params, demo, "params.yaml").endswith("Received: 0 (and 1 more)")


def test_numbers_are_read_as_yaml_1_2(tmp_path):
    text = (ROOT / "recipes/demo.yaml").read_text()
    assert "weight_decay: 1e-3" in text
    (tmp_path / "my.yaml").write_text(text.replace("weight_decay: 1e-3", "weight_decay: 1e-4"))
    assert load_params(tmp_path / "my.yaml").train.weight_decay == 0.0001


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"- networks",
        b"networks: [",
        b"networks: []\nnetworks: []",
        b"networks: !!python/name:os.system x",
        b"networks: \xff",
        b"networks: \x01",
        b"--- 1\n--- 2",
        b"networks: 2020-13-45",
        b"networks: !!int x",
        b"? {a: b}\n: 1",
    ],
)
def test_a_file_that_holds_no_parameters_is_refused_in_one_line(content, tmp_path):
    path = tmp_path / "my.yaml"
    path.write_bytes(content)
    assert refusal(load_params, path).startswith(str(path))


@pytest.mark.parametrize(
    ("content", "received"),
    [
        ("a: &a [1]\nnetworks: *a", "the alias *a, which is not written out"),
        ("networks: &a [*a]", "the alias *a, which is not written out"),
        ("[" * 5_000, "maximum recursion depth exceeded"),
        ("- " * 5_000, "maximum recursion depth exceeded"),
        ("networks: !!float ''", "the tag 'tag:yaml.org,2002:float'"),
    ],
    ids=["alias", "loop", "brackets", "dashes", "tag"],
)
def test_a_file_that_is_not_plain_is_refused(content, received, tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(content)
    assert refusal(load_params, path).endswith(f". Received: {received}")


@pytest.mark.parametrize("key", ["two\nlines", "\u2028", "\x0b"])
def test_a_key_of_several_lines_is_refused_in_one(key, demo):
    demo["train"][key] = 1
    refusal(check_params, demo, "params.yaml")


def test_a_batch_that_the_devices_cannot_share_is_refused(demo):
    demo["compute"]["devices"], demo["train"]["batch_size"] = 4, 50
    message = refusal(check_params, demo, "params.yaml")
    assert message == "params.yaml: train.batch_size requires a multiple of compute.devices, 4. Received: 50"


@pytest.mark.parametrize(
    ("rate", "late"),
    [({"schedule": "cosine", "peak": 0.1, "warmup_epochs": 3.0}, "3"), (STEPS | {"drop_epochs": [1.0, 99.0]}, "99")],
)
def test_warm_up_and_drops_after_the_last_epoch_are_refused(demo, rate, late):
    demo["train"] |= {"epochs": 3, "learning_rate": rate}
    with pytest.raises(InputError, match=rf"warm-up and drops before epoch 3\. Received: {late}$"):
        check_params(demo, "params.yaml")


@pytest.mark.parametrize(("alpha", "fine"), [(0.0, True), (0.05, True), (0.2, True), (0.049, False), (1e-9, False)])
def test_a_mixup_whose_weights_are_too_often_one_half_is_refused(alpha, fine, demo):
    demo["augment"]["mixup_alpha"] = alpha
    if fine:
        check_params(demo, "params.yaml")
    else:
        message = refusal(check_params, demo, "params.yaml")
        assert message == f"params.yaml: augment.mixup_alpha requires 0, or at least 0.05. Received: {alpha:g}"
        assert check_params(demo, "params.yaml", recorded=True).augment.mixup_alpha == alpha


RECORDED = sorted(ROOT.glob("results/*/params.yaml"))


class GrownModel(Model):
    """With a parameter that is made up."""

    gates: Annotated[Count, AsBefore(1)]


class GrownParams(params.Params):
    """With a parameter and a section that are made up."""

    model: GrownModel
    extra: Annotated[GrownModel | None, AsBefore(None)]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.parent.name)
def test_what_was_recorded_before_a_parameter_is_read_as_it_was(path, monkeypatch):
    before = read_recorded_params(path.read_text(), "before")
    monkeypatch.setattr(params, "Params", GrownParams)
    after = read_recorded_params(path.read_text(), "after")
    assert (after.model.gates, after.extra) == (1, None)
    assert {**after.model_dump(exclude={"model": {"gates"}, "extra": True})} == before.model_dump()


def test_the_workspaces_own_file_says_what_is_new(demo, monkeypatch):
    monkeypatch.setattr(params, "Params", GrownParams)
    demo["extra"] = None
    assert refusal(check_params, demo, "params.yaml") == "params.yaml: model.gates: Field required. Received: nothing"
    demo["model"]["gates"] = 2
    assert check_params(demo, "params.yaml").model.gates == 2


def test_recorded_parameters_are_checked_but_for_what_is_new(demo):
    del demo["compute"]["devices"]
    assert check_params(demo, "old", recorded=True).compute.devices == 1
    demo["model"]["gates"] = 1
    assert refusal(check_params, demo, "old").startswith("old: compute.devices: Field required")
    assert refusal(lambda: check_params(demo, "old", recorded=True)).startswith("old: model.gates: Extra inputs")


def test_a_key_that_went_is_read_of_recorded_runs_only(demo):
    before = read_recorded_params(json.dumps(demo), "old")
    demo["preprocess"]["mean"] = "per_pixel"
    refusal(check_params, demo, "params.yaml")
    assert read_recorded_params(json.dumps(demo), "old") == before
