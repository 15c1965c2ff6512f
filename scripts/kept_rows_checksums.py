"""Print a checksum of the rows that every selector keeps, to compare two versions of the code.

    python scripts/kept_rows_checksums.py dataset=digits k=100 budget=20,100,300 [seeds=2] [selector=...]

One line for each budget and selector: data set, k, budget, selector, and the sha256 of the indices kept in
all repetitions, one after the other. Equal lines mean that exactly the same rows are kept. Without
`selector`, every option is tried but `from_file`, which keeps what its file says. Anything else is a setting
of train.py (`data_dir=... state_dir=...`). Nothing is trained except what selectors read; all is cached.
"""

import sys
from hashlib import sha256
from pathlib import Path

from settings import split_settings

from winnow.command import ending
from winnow.command.configuration import composed
from winnow.command.plan import Plan
from winnow.pipeline import Repetition
from winnow.registry import name_of
from winnow.store.cache import Cache
from winnow.types import Dataset

CONF = Path(__file__).parents[1] / "conf"


def main() -> None:
    """Choose and print."""
    if "--help" in sys.argv:
        print(__doc__)
        return
    every = ",".join(sorted(path.stem for path in CONF.glob("selector/*.yaml") if path.stem != "from_file"))
    given, overrides = split_settings(k="600", budget="600", seeds="1", selector=every)
    dataset = None
    for budget in given["budget"].split(","):
        for selector in given["selector"].split(","):
            words = [f"k={given['k']}", f"budget={budget}", f"selector={selector}"]
            plan = composed(CONF, [*overrides, *words])
            dataset = dataset or plan.stages.dataset.load()
            cell = f"{name_of(plan.stages.dataset)} {given['k']} {budget} {selector}"
            print(cell, checksum(plan, dataset, int(given["seeds"])), flush=True)


def checksum(plan: Plan, dataset: Dataset, repetitions: int) -> str:
    """Return the sha256 of the indices that are kept in all repetitions."""
    cache = Cache(Path(plan.settings.state_dir).absolute() / "cache")
    repeated = [Repetition(plan.method, dataset, cache, number) for number in range(repetitions)]
    kept = [repetition.subset.value.arrays["indices"] for repetition in repeated]
    return sha256(b"".join(indices.astype("int64").tobytes() for indices in kept)).hexdigest()


if __name__ == "__main__":
    sys.exit(ending.guard(main))
