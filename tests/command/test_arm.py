"""What is embedded, and recorded as embedded, of the two sides of a comparison."""

from pathlib import Path

import pytest

from winnow.command.arm import arms_of
from winnow.command.configuration import composed
from winnow.command.fitting import fitted
from winnow.dataset.digits import Digits
from winnow.store.cache import Cache

CONF = Path(__file__).parents[2] / "conf"


@pytest.mark.parametrize(
    ("words", "of_baseline", "of_method"),
    [
        (["model=mlp", "selector=nearest"], [], ["embedding"]),
        (
            ["model=linear_probe", "selector=nearest"],
            ["embedding", "embedded_test"],
            ["embedding", "embedded_test"],
        ),
        (
            ["model=mlp", "transfer=[linear_probe]", "selector=el2n"],
            ["embedding", "embedded_test"],
            ["embedding", "embedded_test"],
        ),
        (["model=mlp", "selector=el2n"], [], []),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else None,
)
def test_rows_are_embedded_where_a_selector_or_a_network_reads_them(words, of_baseline, of_method, tmp_path):
    dataset = Digits().load()
    plan = fitted(composed(CONF, ["dataset=digits", "k=5", *words]), dataset)
    baseline, method = arms_of(plan, dataset, Cache(tmp_path))
    assert [step.kind for step in baseline.embeddings()] == of_baseline
    assert [step.kind for step in method.embeddings()] == of_method
    recorded = {True: "pca", False: "none"}
    assert baseline.options["embedding"] == recorded[bool(of_baseline)]
    assert method.options["embedding"] == recorded[bool(of_method)]
