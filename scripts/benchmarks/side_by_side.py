"""Time several k-means fits on two cores: winnow's side by side, a peer's in turn on two threads.

winnow runs one repetition on each core, so that results do not depend on their number; this asks whether
that costs anything. Settings are those that reach the same inertia (see `benchmarks.kmeans`), seconds by
the clock for each fit. Two processes of winnow wait until both have read the rows.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from numpy import ndarray

from benchmarks.kmeans import ALL, Contest, contest, described
from benchmarks.line import Line, tell
from benchmarks.peers import Peer

FITS = 2
SIZES = {"smallest": ((8, 2),), "short": ((600, 2),), "full": ((600, 3), (1200, 2))}
CHILD = """
import sys
import numpy as np
from benchmarks.peers import by_winnow
X = np.load(sys.argv[1], allow_pickle=False)
k, passes, draws, seed = map(int, sys.argv[2:])
by_winnow(X[:100], 2, 0, 1)  # loads what is loaded on first use
print("ready", flush=True)
sys.stdin.readline()
by_winnow(X, k, seed, 1, passes=passes, draws=draws)
print("done", flush=True)
"""


def lines(mode: str, data_dir: str) -> Iterator[Line]:
    """Compare with every peer."""
    for k, rounds in SIZES[mode]:
        what = f"{FITS} k-means fits on {FITS} cores, each, k = {k}"
        for peer in ALL:
            tell(f"{what}: {peer.name}")
            if peer.installed:
                yield compared(what, contest(mode, data_dir, k), peer, rounds)
            else:
                yield Line(what, peer.name, note="not installed")


def compared(what: str, against: Contest, peer: Peer, rounds: int) -> Line:
    """Time a peer's fits in turn, and winnow's side by side."""
    X, k, (their_setting, our_setting) = against.X, against.k, against.match(peer)
    other, own = [], []
    for number in range(rounds):
        seeds = range(FITS * number, FITS * (number + 1))
        started = perf_counter()
        for seed in seeds:
            peer.fit(X, k, seed, FITS, **their_setting.settings)
        other.append((perf_counter() - started) / FITS)
        own.append(
            together(X, k, seeds, our_setting.settings["passes"], our_setting.settings["draws"]) / FITS
        )
        tell(f"  {number + 1}/{rounds} {other[-1]:.3g} s against {own[-1]:.3g} s")
    return Line(what, f"{peer.name}, {FITS} threads{described(their_setting.settings)}", other, own)


def together(X: ndarray, k: int, seeds: range, passes: int, draws: int) -> float:
    """Return the seconds by the clock that fits with these seeds take, side by side."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "X.npy")
        np.save(file, X, allow_pickle=False)
        line = [sys.executable, "-c", CHILD, str(file), *map(str, (k, passes, draws))]
        fits = [
            Popen([*line, str(seed)], stdin=PIPE, stdout=PIPE, text=True, cwd=Path(__file__).parents[1])
            for seed in seeds
        ]
        for fit in fits:
            fit.stdout.readline()
        started = perf_counter()
        for fit in fits:
            fit.stdin.write("go\n")
            fit.stdin.flush()
        for fit in fits:
            if fit.stdout.readline() != "done\n":
                raise SystemExit("error: a fit of winnow failed | see above")
        seconds = perf_counter() - started
        for fit in fits:
            fit.communicate()
    return seconds
