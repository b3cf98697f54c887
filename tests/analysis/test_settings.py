"""What the user may choose, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ggufscope.analysis.settings import make_settings, read_weights


def test_default_weights_are_equal():
    assert set(read_weights(None).values()) == {0.25}


@pytest.mark.parametrize(
    "given", [{"entropy": 1, "dominance": 3}, "entropy=1,dominance=3", " entropy = 1 , dominance=3 "]
)
def test_weights_are_normalized_and_what_is_not_named_weighs_nothing(given):
    assert read_weights(given) == {
        "attention_entropy": 0.25, "ffn_dominance": 0.75, "value_sparsity": 0.0, "norm_amplification": 0.0,
    }  # fmt: skip


def test_numbers_of_numpy_are_numbers():
    assert read_weights({"entropy": np.float32(1), "dominance": np.int64(3)})["ffn_dominance"] == 0.75
    assert read_weights({"entropy": 1e100, "dominance": 1e100})["ffn_dominance"] == 0.5


@pytest.mark.parametrize(
    "text", ["[weights]\nsparsity = 2\nnorm_amplification = 2.0\n", "sparsity = 1\namplification = 1"]
)
def test_weights_from_toml(tmp_path, text):
    path = tmp_path / "weights.toml"
    path.write_text(text)
    for given in (path, str(path)):
        assert read_weights(given) == {
            "attention_entropy": 0.0, "ffn_dominance": 0.0, "value_sparsity": 0.5, "norm_amplification": 0.5,
        }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"entropy": -1}, "from 0 to 1e100"),
        ({"entropy": math.nan}, "from 0 to 1e100"),
        ({"entropy": math.inf}, "from 0 to 1e100"),
        ({"entropy": "1"}, "must be a number"),
        ({"entropy": True}, "must be a number"),
        ({"entrpy": 1}, "unknown component 'entrpy'; there are entropy, dominance"),
        ({"entropy": 0, "dominance": 0}, "at least one must be above 0"),
        ({}, "at least one must be above 0"),
        ({"entropy": 1e308}, "from 0 to 1e100"),
        ({"entropy": 10**400}, "from 0 to 1e100"),
        ("", "'' is neither of the form name=number nor a file"),
        ("entropy", "'entropy' is neither"),
        ("entropy=", "'' of 'entropy' is no number"),
        ("entropy=nan", "from 0 to 1e100"),
        ("entropy=1,entropy=2", "given twice"),
        ("entropy=1,dominance", "not of the form"),
    ],
)
def test_bad_weights_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        read_weights(given)


def test_bad_files_of_weights_are_refused(tmp_path):
    path = tmp_path / "weights.toml"
    with pytest.raises(FileNotFoundError):
        read_weights(path)
    path.write_text("no toml")
    with pytest.raises(ValueError, match="no valid TOML"):
        read_weights(path)
    path.write_text("weights = 3")
    with pytest.raises(ValueError, match="table of numbers"):
        read_weights(path)


@pytest.mark.parametrize("choice", [{"norm": "max"}, {"scale": "log"}, {"preset": "none"}])
def test_unknown_choices_are_listed(choice):
    choices = {"weights": None, "norm": "mean", "scale": "minmax", "preset": None, "seed": 0}
    with pytest.raises(ValueError, match="must be one of"):
        make_settings(**choices | choice)
