"""Rows that are made up: nothing is trained."""

from collections.abc import Callable
from typing import Any

import pytest

from winnow.report.rows import Row

OPTIONS = {"dataset": "toy", "model": "mlp", "augment": "none", "trainer.learning_rate": "0.01"}
SECONDS = {"embed": 1.0, "cluster": 2.0, "select": 0.5, "train": 4.0}


@pytest.fixture
def row() -> Callable[..., Row]:
    """One row of a job: row("nearest", 10, job=1, accuracies=[...])."""

    def make(selector: str = "nearest", budget: int = 10, **changes: Any) -> Row:
        options = changes.get("options", OPTIONS)
        key = f"{selector}-{budget}-{sorted(options.items())}"
        parts = {"job": 0, "status": "ok", "k": budget, "network": options.get("model", "mlp"), "key": key}
        parts |= {"code": "c0de", "accuracies": [90.0, 92.0, 91.0], "labels_read": budget, "options": options}
        return Row(selector=selector, budget=budget, **(parts | {"seconds": SECONDS} | changes))

    return make


@pytest.fixture
def job(row) -> Callable[..., list[Row]]:
    """The rows of a job, baseline first: job("nearest", 10, baseline={"accuracies": [...]})."""

    def make(
        selector: str = "nearest",
        budget: int = 10,
        *,
        baseline: dict[str, Any] | None = None,
        networks: dict[str, tuple[dict[str, Any], dict[str, Any]]] | None = None,
        **changes: Any,
    ) -> list[Row]:
        shared = {name: changes[name] for name in ("job", "options", "status", "code") if name in changes}
        options = shared.get("options", OPTIONS)
        blind = {name: value for name, value in options.items() if not name.startswith("selector.")}
        uniform = {"accuracies": [89.0, 90.0, 90.0], "k": budget, "seconds": {"train": 3.0}}
        uniform |= shared | {"options": blind}
        first = row("uniform", budget, **uniform | (baseline or {}))
        chosen = row(selector, budget, baseline=first.key, **changes)
        rows = [first, chosen]
        for name, (of_baseline, of_chosen) in (networks or {}).items():
            rows.append(row("uniform", budget, **uniform | {"network": name} | of_baseline))
            on_network = {"network": name, "baseline": first.key}
            rows.append(row(selector, budget, **shared | on_network | of_chosen))
        return rows

    return make
