"""Train in several processes at once: one for each device of this machine, as `torchrun` would start them.

Lightning's own launchers run the script again, or copy a process that holds threads; here the processes are
started as winnow's workers are, and told by LOCAL_RANK and the like who they are, which Lightning follows.
"""

import os
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import connection
from typing import Any, TypeVar

from winnow.errors import InvalidValue, WinnowError
from winnow.network.processes import (
    follow_parent,
    packed,
    signals_kept_from_children,
    start_context,
    unpacked,
)

PRELOADED = ("pytorch_lightning", "winnow.trainer._ranks")
OF_SEVERAL_NODES = ("NODE_RANK", "MASTER_ADDR", "MASTER_PORT")
Result = TypeVar("Result")


class RankDied(WinnowError):
    """A process of a training was killed from outside, most often because memory ran out."""


def of_first_rank(work: Callable[[], Result], devices: int, num_nodes: int = 1) -> Result:
    """Call `work` in `devices` new processes, and return what the first of them returns.

    As soon as one fails, the others are ended, and its error is raised.

    Raises
    ------
    RankDied
        If a process was killed.
    InvalidValue
        If there are several nodes, and the environment does not say which this is and where the first is.
    """
    variables, context = _variables(num_nodes), start_context(PRELOADED)
    processes: dict[Any, Any] = {}
    try:
        with signals_kept_from_children():
            for rank in range(devices):
                receiver, sender = context.Pipe(duplex=False)
                of_rank = variables | {"LOCAL_RANK": str(rank)}
                process = context.Process(target=_run, args=(sender, packed(work), of_rank))
                process.start()
                sender.close()
                processes[receiver] = process
        return _first_result(processes)
    finally:
        for process in processes.values():
            process.kill()
            process.join()


def _variables(num_nodes: int) -> dict[str, str]:
    """Return what every process must know: where the first one of all listens."""
    if num_nodes == 1:
        return {"NODE_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port())}
    check_nodes(num_nodes)
    return {name: os.environ[name] for name in OF_SEVERAL_NODES}


def check_nodes(num_nodes: int) -> None:
    """Refuse several nodes where the environment does not say which this is and where the first is."""
    missing = [name for name in OF_SEVERAL_NODES if name not in os.environ]
    if num_nodes > 1 and missing:
        raise InvalidValue(
            f"{', '.join(missing)} must be set in the environment of every node, got nothing",
            where=f"trainer.num_nodes={num_nodes}",
            remedy="set them as torchrun does, or use trainer.num_nodes=1",
        )


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _first_result(processes: Mapping[Any, Any]) -> Any:
    """Wait for all processes; return the result of the first, or raise the error of any."""
    waiting, results = dict(processes), {}
    while waiting:
        for receiver in connection.wait(list(waiting)):
            process = waiting.pop(receiver)
            try:
                error, results[receiver] = unpacked(receiver.recv_bytes())
            except EOFError:
                raise _death(process) from None
            if error is not None:
                # The others fail because one is gone: that is the one to name.
                dead = [each for each in processes.values() if each.exitcode not in (None, 0)]
                raise _death(dead[0]) if dead else error
    return results[next(iter(processes))]


def _death(process: Any) -> RankDied:
    process.join()
    return RankDied(
        f"a process of the training died with exit code {process.exitcode}",
        where="trainer.devices",
        remedy="free memory, or lower trainer.devices or n_jobs, and type the same line again",
    )


def _run(sender: Any, work: bytes, variables: Mapping[str, str]) -> None:
    """Do the work in a new process, and send back its error, if any, and its result."""
    follow_parent()
    os.environ.update(variables)
    error, result = None, None
    try:
        result = unpacked(work)()
    except Exception as caught:
        error = caught
        error.add_note("".join(traceback.format_exception(caught)))
    with suppress(BrokenPipeError):  # the parent has heard of another error
        sender.send_bytes(_sendable(error, result))
    sender.close()
    # What libraries do at the end of a process may wait for ranks that are gone already.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _sendable(error: Exception | None, result: Any) -> bytes:
    try:
        return packed((error, result))
    except Exception as fault:  # an error of a library may not travel
        return packed((RuntimeError(f"{type(error or fault).__name__}: {error or fault}"), None))
