"""Signals are noted, and raised only where work may stop; each in a process of its own."""

import subprocess
import sys

import pytest

BEGIN = """
import os, signal, sys, time, weakref
from winnow.command.interruption import interruption
from winnow.errors import Interrupted

def send(number=signal.SIGTERM):
    os.kill(os.getpid(), number)

interruption.listen_to_the_end()
"""


def ended(code):
    return subprocess.run(
        [sys.executable, "-c", BEGIN + code], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGHUP", 129)])
def test_a_signal_stops_interruptible_work_at_once(name, code):
    process = ended(f"""
try:
    with interruption.interruptible():
        send(signal.{name})
        time.sleep(30)
except Interrupted as stop:
    interruption.end_with(128 + stop.signal)
""")
    assert (process.returncode, process.stderr) == (code, "")


def test_elsewhere_it_is_noted_and_obeyed_by_the_next_check():
    process = ended("""
send()
print("went on", flush=True)
try:
    interruption.check()
except Interrupted:
    print("stopped")
""")
    assert process.stdout.split("\n")[:2] == ["went on", "stopped"]


def test_interruptible_work_does_not_begin_after_a_signal():
    process = ended("""
send()
try:
    with interruption.interruptible():
        print("began")
except Interrupted:
    print("did not begin")
""")
    assert process.stdout == "did not begin\n"


def test_a_callback_that_swallows_the_signal_delays_it_only():
    process = ended("""
class Dies:
    def __del__(self):
        send()
        time.sleep(0.01)  # the signal is handled here, where Python prints and forgets what is raised

try:
    with interruption.interruptible():
        Dies()
        time.sleep(30)
except Interrupted:
    print("stopped")
""")
    assert (process.stdout, process.stderr) == ("stopped\n", "")


def test_a_signal_while_a_module_is_imported_is_obeyed_when_that_is_done(tmp_path):
    """torch calls back from C++ while it is imported, where an exception ends the process by an abort."""
    lines = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(0.2)\nwhole = True\n"
    (tmp_path / "interrupted_module.py").write_text(lines)
    process = ended(f"""
sys.path.insert(0, {str(tmp_path)!r})
try:
    with interruption.interruptible():
        import interrupted_module
        time.sleep(30)
except Interrupted:
    print(sys.modules["interrupted_module"].whole)
""")
    assert (process.stdout, process.stderr) == ("True\n", "")


def test_other_errors_in_a_callback_are_shown_as_ever():
    process = ended("""
class Dies:
    def __del__(self):
        raise ValueError("of its own")

Dies()
""")
    assert "ValueError: of its own" in process.stderr


def test_blocks_within_blocks_leave_the_outer_one_interruptible():
    process = ended("""
try:
    with interruption.interruptible():
        with interruption.interruptible():
            pass
        send()
        time.sleep(30)
except Interrupted:
    print("stopped")
""")
    assert process.stdout == "stopped\n"


def test_a_second_signal_ends_the_process_at_once():
    process = ended("""
send()
send(signal.SIGHUP)
print("never", flush=True)
""")
    assert (process.returncode, process.stdout) == (129, "")


def test_a_signal_while_the_interpreter_exits_is_obeyed_and_nothing_printed_is_lost():
    process = ended("""
import atexit
atexit.register(send)
print("printed")
sys.stdout.flush()
interruption.end_with(0)
""")
    assert (process.returncode, process.stdout) == (143, "printed\n")


def test_exit_functions_run_and_the_exit_code_is_the_one_that_was_set():
    process = ended("""
import atexit
atexit.register(print, "exit function")
interruption.end_with(3)
""")
    assert (process.returncode, process.stdout) == (3, "exit function\n")
