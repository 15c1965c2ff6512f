"""Weights that others trained: read from a file, or downloaded once to torchvision's usual cache."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from winnow.errors import WeightsUnavailable
from winnow.store.download import why_unreachable
from winnow.store.regular_file import open_regular

if TYPE_CHECKING:
    import torch

State = Mapping[str, Any]
"""Tensors by their names, as `Module.state_dict` returns them."""

LARGEST_FILE = 64 * 2**30  # bytes
PROBE_SECONDS = 4.0  # to wait for an answer of the server before a download is given up


@dataclass(frozen=True)
class Weights:
    """The weights of a network: those that a library offers by default, or those of a file.

    Parameters
    ----------
    setting
        The setting that they come from, for errors: `embedding.weights`.
    file
        The file, `.safetensors` or what `torch.save(network.state_dict(), file)` writes; None: the library's.
    of_library
        What the setting says where they are the library's.
    """

    setting: str
    file: Path | None
    of_library: str = "null"

    def check(self) -> None:
        """Refuse a file that cannot be opened; what is in it shows when it is read.

        Raises
        ------
        WeightsUnavailable
            If it is missing, or no regular file.
        """
        try:
            if self.file:
                open_regular(self.file, LARGEST_FILE).close()
        except (OSError, ValueError) as error:
            raise self.unavailable(f"be a readable file of weights, got {one_line(error)}") from error

    def read(self) -> State:
        """Read the file; no code in it is run, and nothing but a regular file is opened.

        Raises
        ------
        WeightsUnavailable
            If it is missing, damaged, or does not hold the tensors of a network by their names.
        """
        try:
            open_regular(self.file, LARGEST_FILE).close()
            state = self._safetensors() if self.file.suffix == ".safetensors" else self._by_torch()
        except Exception as error:  # damaged files raise errors of many types
            got = one_line(error)
            if "weights_only" in got:  # torch goes on to tell how to run what is in such a file
                got = "damage, or Python objects, which could run anything"
            raise self.unavailable(f"be a readable file of weights, got {got}") from error
        if not isinstance(state, Mapping):
            rule = "hold the tensors of a network by their names"
            raise self.unavailable(f"{rule}, got a {type(state).__name__} in {self.file}")
        return state

    def _safetensors(self) -> State:
        from safetensors.torch import load_file

        return load_file(self.file)

    def _by_torch(self) -> State:
        import torch

        return torch.load(self.file, map_location="cpu", weights_only=True)

    def check_torchvision(self, network: str) -> None:
        """Refuse weights of torchvision that are neither in its cache nor can be downloaded now."""
        if self.file:
            return
        import torch
        from torchvision import models

        url = models.get_model_weights(network).DEFAULT.url
        kept = Path(torch.hub.get_dir(), "checkpoints", url.rpartition("/")[2])
        if not kept.is_file() and (reason := why_unreachable([url], PROBE_SECONDS)):
            raise self.unavailable(f"be downloaded, got {reason}")

    def of_torchvision(self, network: str) -> State:
        """Return the weights for a classification network of torchvision: of the file, or torchvision's."""
        if self.file:
            return self.read()
        self.check_torchvision(network)
        from torchvision import models

        weights = models.get_model_weights(network).DEFAULT
        try:
            return weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
        except (OSError, RuntimeError) as error:
            raise self.unavailable(f"be downloaded, got {one_line(error)}") from error

    def fill(self, network: "torch.nn.Module", state: State, name: str, *, but: tuple[str, ...] = ()) -> None:
        """Copy `state` into `network`, but for tensors whose names begin with one of `but`.

        Raises
        ------
        WeightsUnavailable
            If a tensor is missing, unknown, or of another shape.
        """
        held = {key: value for key, value in state.items() if not (but and key.startswith(but))}
        try:
            missing, unknown = network.load_state_dict(held, strict=False)
        except (RuntimeError, TypeError, AttributeError) as error:
            raise self.unavailable(f"fit {name}, got {one_line(error)}") from error
        missing = [key for key in missing if not (but and key.startswith(but))]
        if missing or unknown:
            found = f"{len(missing)} of its tensors missing and {len(unknown)} unknown"
            raise self.unavailable(f"fit {name}, got {found}")

    def unavailable(self, rule: str) -> WeightsUnavailable:
        """Return the error that weights must `rule`."""
        first, there = ("check the path", "") if self.file else ("connect to the network", " elsewhere")
        return WeightsUnavailable(
            f"weights must {rule}",
            where=f"{self.setting}={self.file or self.of_library}",
            remedy=f"{first}, or save them{there} with torch.save(model.state_dict(), file) "
            f"and set {self.setting}=file",
        )


def one_line(error: Exception) -> str:
    """Return the beginning of an error's message.

    >>> one_line(ValueError("not this\\n  but that"))
    'not this but that'
    """
    return " ".join(str(error).split())[:200]
