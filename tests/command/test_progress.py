"""How far a command is: one line that fits any terminal, and plain lines elsewhere."""

import io
import re
from pathlib import Path
from time import monotonic, sleep

import pytest
from rich.console import Console

from winnow.command.configuration import composed
from winnow.command.executor import Executor
from winnow.command.job import Job
from winnow.command.progress import SweepProgress, clock, repetitions_of
from winnow.command.scheduler import Scheduler
from winnow.store.cache import Cache

CONF = Path(__file__).parents[2] / "conf"
TINY = ["dataset=blobs_2d", "embedding=identity", "model=mlp", "trainer.steps=1", "tracker=none", "n_jobs=1"]


def plan(*words):
    return composed(CONF, [*TINY, "seeds=2", "k=4", *words])


@pytest.mark.parametrize(
    ("jobs", "number"),
    [
        ([["selector=nearest"]], 4),  # two repetitions, and two of the baseline
        ([["selector=uniform"]], 2),
        ([["selector=nearest"], ["selector=random"]], 6),  # with one baseline
        ([["selector=nearest", "k=4"], ["selector=nearest", "k=5"]], 8),
        ([["selector=nearest", "k=4", "budget=4"], ["selector=nearest", "k=5", "budget=4"]], 6),
        ([["selector=nearest", "transfer=[linear]"]], 8),
        ([["selector=nearest", "select_only=true"]], 0),
        ([["selector=full"]], 2),
    ],
    ids=str,
)
def test_a_repetition_counts_once_however_many_jobs_share_it(jobs, number):
    assert repetitions_of([plan(*words) for words in jobs]) == number


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return Cache(tmp_path_factory.mktemp("cache"))


def run(cache, console, *words):
    """Compute the only job of a command and show how far it is; return the progress afterwards."""
    job = Job(plan(*words), 0, cache)
    scheduler = Scheduler(Executor(1), iter(()))
    scheduler.add(job.assignments())
    progress = SweepProgress([job.asked], console=console)
    with progress.of(job, scheduler):
        for arm in job.arms:
            score_of = progress.counting(arm, job, scheduler)
            for repetition in arm.repetitions():
                score_of(repetition)
    return progress


def lines(stream):
    """The lines that were drawn, each as it stood, without the codes of a terminal."""
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    return [line for line in re.split(r"[\r\n]+", plain) if line.strip()]


def test_the_line_fits_every_terminal(cache):
    progress = run(cache, Console(file=io.StringIO()))
    for width in range(40, 141):
        stream = io.StringIO()
        Console(file=stream, width=width).print(progress)
        (line,) = lines(stream)
        assert len(line) <= width
        assert re.match(r"job 1/1 ━+ 4/4 [04] found, [\d:-]+ left ", line)


def test_at_80_columns_it_says_what_is_done_found_left_and_going_on(cache):
    run(cache, Console(file=io.StringIO()))
    stream = io.StringIO()
    run(cache, Console(file=stream, width=80, force_terminal=True, color_system=None))
    assert re.fullmatch(
        r"job 1/1 ━+ 4/4 4 found, -:-- left training nearest k=4 budget=4 *", lines(stream)[-1]
    )


def test_where_there_is_no_terminal_a_line_stays_for_the_beginning(cache):
    run(cache, Console(file=io.StringIO()))
    stream = io.StringIO()
    progress = run(cache, Console(file=stream))
    (line,) = lines(stream)
    assert line == "job 1/1: 0/4 done, 0 found, -:-- left, uniform k=4 budget=4"
    assert progress.seconds_left() is None  # nothing was computed, so nothing is known


def test_where_there_is_no_terminal_lines_go_on_while_rows_are_chosen(cache, monkeypatch):
    """Repetitions that are trained together are all chosen before one of them is done."""
    monkeypatch.setattr("winnow.command.progress.SECONDS_BETWEEN_LINES", 0.05)
    stream = io.StringIO()
    job = Job(plan("selector=zcore"), 0, cache)
    scheduler = Scheduler(Executor(1), iter(()))
    scheduler.stage = "choosing zcore k=4 budget=4"
    deadline = monotonic() + 60
    with SweepProgress([job.asked], console=Console(file=stream)).of(job, scheduler):
        while len(lines(stream)) < 2 and monotonic() < deadline:
            sleep(0.01)
    told = "job 1/1: 0/4 done, 0 found, -:-- left, choosing zcore k=4 budget=4"
    assert lines(stream)[:2] == [told, told]


def test_the_time_left_is_that_of_what_is_left(tmp_path):
    progress = run(Cache(tmp_path), Console(file=io.StringIO()))
    assert progress.seconds_left() == 0.0


def test_verbose_lines_are_printed_above(cache):
    stream = io.StringIO()
    run(cache, Console(file=stream, width=200), "verbose=true")
    told = [line for line in lines(stream) if "%" in line]
    assert len(told) == 4
    assert all(
        re.match(r"(uniform|nearest) k=4 budget=4: [\d.]+ %, (found|computed): ", line) for line in told
    )


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, "0:00"), (61.2, "1:01"), (3_599.6, "1:00:00")])
def test_times_are_shown_as_on_a_clock(seconds, shown):
    assert clock(seconds) == shown
