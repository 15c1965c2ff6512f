import gc
import subprocess
import sys

import pytest

from winnow.lasting import lasting

END = """
import gc, sys
from types import ModuleType
from winnow.lasting import end_at_once, lasting

class Circle:
    def __init__(self):
        self.self = self
    def __del__(self):
        print("freed")

with lasting():
    circle = Circle()
del circle
if sys.argv[1] == "with triton":
    sys.modules["triton"] = ModuleType("triton")
if sys.argv[1] != "ordinary":
    end_at_once()
"""


def test_what_is_made_inside_is_not_looked_at_again():
    before = gc.get_freeze_count()
    with lasting():
        assert not gc.isenabled()
        made = [[number] for number in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= before + len(made)
    gc.unfreeze()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        with lasting():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()


@pytest.mark.parametrize(
    ("case", "printed"), [("ordinary", ["freed"]), ("at once", []), ("with triton", ["freed"])]
)
def test_garbage_is_searched_for_at_the_end_unless_told_otherwise(case, printed):
    ran = subprocess.run([sys.executable, "-c", END, case], capture_output=True, text=True, timeout=60)
    assert (ran.stdout.splitlines(), ran.stderr) == (printed, "")
