"""Results for machines are one line of strict JSON, for people aligned lines."""

import json
from pathlib import Path

import numpy as np
import torch

from playground.results import as_json, as_lines


def test_json_is_one_line_whatever_made_the_numbers():
    results = {
        "a": np.float32(0.5),
        "b": torch.tensor([1, 2]),
        "c": Path("x/y"),
        "d": (True, None),
        3: {"text": "two\nlines", "e": np.int64(7)},
    }
    line = as_json(results)
    assert "\n" not in line
    expected = {"a": 0.5, "b": [1, 2], "c": "x/y", "d": [True, None], "3": {"text": "two\nlines", "e": 7}}
    assert json.loads(line) == expected


def test_numbers_that_json_does_not_know_become_null():
    assert as_json({"a": float("nan"), "b": [float("inf")], "c": np.nan}) == '{"a": null, "b": [null], "c": null}'


def test_lines_are_aligned_and_nested_names_joined():
    assert as_lines({"fps": 1 / 3, "stage": {"network_ms": 12}}).splitlines() == [
        "fps               0.3333",
        "stage.network_ms  12",
    ]
    assert as_lines({}) == ""
