"""Refuse values that single precision cannot compute with."""

from jaxtyping import Float32
from numpy import ndarray

from winnow.errors import InvalidValue
from winnow.rows.usable import LARGEST


def refuse_overflow(X: Float32[ndarray, "n d"]) -> None:
    """Refuse rows so large that a sum of their squares would leave the range of float32."""
    # Two passes instead of `abs(X).max()`, which would make a second copy of `X`.
    if not (largest := max(X.max(), -X.min())) <= LARGEST:
        raise InvalidValue(f"values must lie within ±{LARGEST:g}, got {largest:g}")
