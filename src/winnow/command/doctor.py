"""Try out what a command line would use, and say what to change.

    python -m winnow.command.doctor [name=value ...]

The words are those of a command: `state_dir=...`, `tracker.uri=...`, `trainer.accelerator=gpu`. Nothing is
computed, and the folder is left as it was. On a cluster, run it on a node that does the work, too.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from winnow.command.configuration import composed
from winnow.command.messages import in_own_words
from winnow.command.plan import Plan
from winnow.command.shipped import conf
from winnow.doctor import folder, machine
from winnow.doctor.finding import Finding
from winnow.errors import InvalidValue, TryLater, WinnowError
from winnow.registry import name_of
from winnow.report.escape import printable


def findings(plan: Plan) -> Iterator[Finding]:
    """Yield what the folder, the store and the machine of a plan are good for."""
    state_dir = Path(plan.settings.state_dir).absolute()
    yield from folder.examined(state_dir)
    yield store(plan, state_dir)
    yield from machine.examined(getattr(plan.stages.trainer, "accelerator", "auto"))
    yield from training(plan)


def training(plan: Plan) -> Iterator[Finding]:
    """Ask whether this machine can train as the words say; of a missing GPU the machine has told already."""
    try:
        plan.stages.trainer.check_device()
    except InvalidValue as error:
        if error.where != "trainer.accelerator=gpu":
            yield Finding("fault", "training", f"{error.what} ({error.where})", error.remedy)


def store(plan: Plan, state_dir: Path) -> Finding:
    """Ask the tracking store whether it could take a run."""
    tracker = plan.stages.tracker
    name = name_of(tracker)
    try:
        tracker.open(state_dir).check()
    except (TryLater, InvalidValue) as error:
        where = f"{error.what} ({error.where})" if error.where else error.what
        return Finding("fault", "store", where, error.remedy)
    return Finding(
        "ok", "store", f"{name} can take runs" if name != "none" else "none: runs are not recorded"
    )


def main(words: Sequence[str]) -> int:
    """Print all findings, and return the exit code: 1 if one of them is a fault."""
    try:
        faults = 0
        for finding in findings(composed(conf(), words)):
            print(printable(str(finding)), flush=True)
            faults += finding.verdict == "fault"
    except Exception as error:
        own = in_own_words(error)
        if not isinstance(own, WinnowError):
            raise
        print(f"error: {printable(str(own))}", file=sys.stderr)
        return own.exit_code
    print(f"{faults} fault{'s' * (faults != 1)}" if faults else "fit for work")
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
