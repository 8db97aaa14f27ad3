from __future__ import annotations

import copy
import pickle

import pytest

from vfarm_core.science.errors import (
    FactorNeededError,
    RangeError,
    ScienceError,
    UnreachableError,
    require,
)


def test_a_refusal_names_argument_value_and_accepted_range():
    with pytest.raises(RangeError) as refused:
        require("humidity", 120.0, 0.0, 100.0, "%")
    assert refused.value.argument == "humidity"
    assert refused.value.value == 120.0
    assert str(refused.value) == "humidity = 120 is not accepted: 0 … 100 %"


def test_the_family_is_caught_as_one_and_as_a_value_error():
    for error in (RangeError("a", 1.0, 2.0, 3.0, ""), UnreachableError("a", 1.0, "b"),
                  FactorNeededError("a", "b", "c")):  # fmt: skip
        assert isinstance(error, ScienceError)
        assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    "error", [RangeError("a", 1.0, 2.0, 3.0, "kPa"), UnreachableError("a", "x", "y")]
)
def test_a_refusal_survives_copying_and_another_process(error):
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert twin.accepted == error.accepted


def test_not_a_number_is_in_no_range():
    with pytest.raises(RangeError):
        require("x", float("nan"), 0.0, 1.0)


def test_the_ends_of_a_range_belong_to_it():
    require("x", 0.0, 0.0, 1.0)
    require("x", 1.0, 0.0, 1.0)
