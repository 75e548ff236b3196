from __future__ import annotations

import numpy as np

from nhb2_plugins.metric import CHANCE_ERROR_PCT, error_pct


def test_an_error_is_what_an_accuracy_lacks_of_a_hundred_percent() -> None:
    assert error_pct(93.25) == 6.75
    assert error_pct(np.array([0.0, 40.5, 100.0])).tolist() == [100.0, 59.5, 0.0]


def test_a_guess_among_ten_classes_is_wrong_nine_times_of_ten() -> None:
    assert error_pct(100 / 10) == CHANCE_ERROR_PCT
