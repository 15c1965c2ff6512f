"""The sweeper that Hydra finds by the name of this package: it hands the jobs of a command to winnow."""

from typing import Any

from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class WinnowSweeper(Sweeper):
    """Compose and check every job of a command before the first of them starts; then run them.

    With Hydra's basic launcher the jobs share this process and its workers. Other launchers get one job at a
    time, wherever they run it.
    """

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self._context, self._function, self._config = hydra_context, task_function, config

    def sweep(self, arguments: list[str]) -> Any:
        from winnow.command.multirun import run

        run(self._context, self._function, self._config, arguments)
