"""Measure how often an interval over a few pairs holds the truth.

    python scripts/interval_coverage.py [draws=2000]

Draws n differences of a known mean, again and again, and prints for each law and n the percentage of 95 %
intervals that hold this mean: of `winnow.report.comparison`, and of the bootstrap (BCa, by scipy) beside it.
At 2,000 draws the standard error of a percentage near 95 is 0.5. Takes a minute or two.
"""

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray
from numpy.random import default_rng
from scipy.stats import bootstrap
from settings import settings

from winnow.report.comparison import paired_difference

PAIRS = (3, 5, 7, 10, 15)
RESAMPLES = 1_000
# Three laws of mean 0: what Student's t assumes, a skewed one, one in which a pair now and then is far off.
LAWS = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "skewed (exponential)": lambda rng, shape: rng.exponential(size=shape) - 1,
    "heavy tails (t, 3 degrees)": lambda rng, shape: rng.standard_t(3, size=shape),
}


def by_student(differences: Float64[ndarray, "draws n"]) -> Bool[ndarray, " draws"]:
    """Say of each draw whether winnow's interval holds 0."""
    found = [paired_difference(row, np.zeros(len(row))) for row in differences]
    return np.array([each.low <= 0 <= each.high for each in found])


def by_bootstrap(differences: Float64[ndarray, "draws n"]) -> Bool[ndarray, " draws"]:
    """Say of each draw whether a BCa interval holds 0."""
    found = bootstrap(
        (differences,), np.mean, axis=1, n_resamples=RESAMPLES, method="BCa", batch=50, rng=default_rng(1)
    ).confidence_interval
    return (found.low <= 0) & (found.high >= 0)


def main() -> None:
    """Print the table."""
    draws = int(settings(draws="2000")["draws"])
    print("| differences | interval |", *(f"n={n} |" for n in PAIRS))
    print("| --- | --- |" + " ---: |" * len(PAIRS))
    for law, drawn in LAWS.items():
        samples = [drawn(default_rng(n), (draws, n)) for n in PAIRS]
        for name, covers in (("Student's t", by_student), ("bootstrap (BCa)", by_bootstrap)):
            shares = (100 * covers(each).mean() for each in samples)
            print(f"| {law} | {name} |", *(f"{share:.1f} |" for share in shares), flush=True)


if __name__ == "__main__":
    main()
