from dataclasses import fields

from winnow.trainer.lightning import Lightning
from winnow.trainer.reference import Reference


def test_it_trains_for_five_epochs_at_every_budget():
    for n in (1, 64, 65, 600, 60_000, 10_000_000):
        assert Reference().steps_for(n) == min(5 * -(-n // 64), 1_000_000)


def test_it_differs_from_the_default_in_nothing_but_defaults():
    assert [(field.name, field.type) for field in fields(Reference)] == [
        (field.name, field.type) for field in fields(Lightning)
    ]
