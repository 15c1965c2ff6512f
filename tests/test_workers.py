import os

from winnow.workers import Workers


def test_warming_up_leaves_the_environment_as_it_was():
    before = dict(os.environ)
    Workers(2).warm_up()
    assert dict(os.environ) == before
