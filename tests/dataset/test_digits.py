import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from winnow.dataset.digits import Digits, _enlarge


def test_enlarging_keeps_the_corners_and_stretches_the_grey_levels():
    image = np.zeros((1, 8, 8))
    image[0, 0, 0], image[0, 7, 7] = 16, 8
    large = _enlarge(image)[0, 0]
    assert (large[0, 0], large[27, 27], large[0, 27]) == (255, 128, 0)


def test_another_split_seed_moves_rows_between_the_parts():
    assert Digits().load().checksum != Digits(split_seed=1).load().checksum


def test_the_test_part_grows_with_its_fraction():
    assert len(Digits(test_fraction=0.5).load().y_test) == pytest.approx(1797 / 2, abs=10)


@pytest.mark.parametrize("wrong", [{"test_fraction": 1.0}, {"test_fraction": "nan"}, {"split_seed": -1}])
def test_illegal_settings_are_refused_at_the_door(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(Digits).validate_python(wrong)
