"""Tell what a machine is and has: interpreter and libraries, cores, device, Slurm."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

from winnow import __version__
from winnow.doctor.finding import Finding
from winnow.errors import InvalidValue
from winnow.network.allocation import allocation
from winnow.network.device import device_for, free_memory

if TYPE_CHECKING:
    from packaging.requirements import Requirement

DISTRIBUTION = "winnow-subset"
SLURM_SECONDS = 20
EXTRAS = {
    "demo": "dataset=mnist5000",
    "cluster": "clusterer=dask and the launchers",
    "timm": "embedding=timm and model=timm",
    "clip": "embedding=open_clip",
    "hf": "dataset=huggingface by the name of a data set",
    "umap": "maps by UMAP",
}
"""What each extra of the distribution is for."""


def examined(accelerator: str) -> Iterator[Finding]:
    """Yield what this machine has for a training on `accelerator`: auto, cpu or gpu."""
    yield from versions()
    yield from extras(_wanted())
    yield cores()
    yield device(accelerator)
    yield from slurm()


def versions() -> Iterator[Finding]:
    """Compare what is installed with what winnow asks for."""
    wrong = _unfit(_wanted())
    about = f"Python {platform.python_version()}, winnow {__version__}, torch {version('torch')}"
    if wrong:
        yield Finding("fault", "versions", f"{about}; wanted {', '.join(wrong)}", "make setup installs them")
    else:
        yield Finding("ok", "versions", about)


def extras(requirements: Sequence[str]) -> Iterator[Finding]:
    """Tell which optional parts are installed, and what installs the others; to lack one is no fault.

    `requirements` are those of winnow, as its metadata have them.
    """
    named = [each for each in EXTRAS if len(_required(requirements, each)) > len(_required(requirements))]
    missing = [each for each in named if _unfit(requirements, each)]
    if present := [EXTRAS[each] for each in named if each not in missing]:
        yield Finding("ok", "extras", f"installed: {', '.join(present)}")
    if missing:
        remedy = f"pip install '{DISTRIBUTION}[{','.join(missing)}]' adds them"
        yield Finding("ok", "extras", f"not installed: {', '.join(EXTRAS[each] for each in missing)}", remedy)


def _unfit(requirements: Sequence[str], extra: str = "") -> list[str]:
    """Return what is asked for, with an extra or without, and is missing or of another version."""
    wrong = []
    for requirement in _required(requirements, extra):
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            installed = "none"
        if installed == "none" or not requirement.specifier.contains(installed, prereleases=True):
            wrong.append(f"{requirement.name}{requirement.specifier} (installed: {installed})")
    return wrong


def _required(requirements: Sequence[str], extra: str = "") -> "list[Requirement]":
    """Return the requirements that hold on this machine."""
    from packaging.requirements import Requirement

    every = map(Requirement, requirements)
    return [each for each in every if each.marker is None or each.marker.evaluate({"extra": extra})]


def _wanted() -> list[str]:
    """Return what winnow asks for; nothing is known of a copy of the code that was not installed."""
    try:
        return requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return []


def cores() -> Finding:
    """Tell how many cores jobs will use, and what set the number."""
    given, machine = allocation(), os.cpu_count() or 1
    seen = f"{given.cores} of {machine} (by {given.source}), so many repetitions at once"
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdecimal() and int(threads) > given.cores:
        remedy = f"unset it, or export OMP_NUM_THREADS={given.cores}"
        return Finding("warning", "cores", f"{seen}; OMP_NUM_THREADS={threads} is more", remedy)
    return Finding("ok", "cores", seen)


def device(accelerator: str) -> Finding:
    """Tell what trainings run on; a GPU that torch cannot use is a warning."""
    import torch

    try:
        found = device_for(accelerator)
    except InvalidValue as error:
        return Finding("fault", "device", error.what, error.remedy)
    memory = f"{free_memory(found) / 2**30:.1f} GiB of memory free"
    if found.type == "cuda":
        return Finding("ok", "device", f"{torch.cuda.get_device_name(found)}, {memory}")
    if accelerator != "cpu" and Path("/proc/driver/nvidia/version").exists():
        remedy = "install the torch that fits the driver (nvidia-smi shows it)"
        return Finding("warning", "device", f"CPU, {memory}, though there is an NVIDIA driver", remedy)
    return Finding("ok", "device", f"CPU, {memory}")


def slurm() -> Iterator[Finding]:
    """Ask Slurm, where it is installed, whether it keeps accounts, without which no killed job is missed."""
    if not shutil.which("sbatch"):
        return
    if fault := accounting_fault():
        remedy = "set up slurmdbd, or use hydra/launcher=submitit_local inside one job"
        yield Finding("warning", "Slurm", f"keeps no accounts: {fault}", remedy)
    else:
        yield Finding("ok", "Slurm", "keeps accounts (sacct)")


def accounting_fault() -> str:
    """Return why `sacct` does not answer, or nothing."""
    try:
        ended = subprocess.run(["sacct", "-n", "-X"], capture_output=True, text=True, timeout=SLURM_SECONDS)
    except FileNotFoundError:
        return "there is no sacct"
    except subprocess.TimeoutExpired:
        return f"sacct gave no answer in {SLURM_SECONDS} s"
    lines = (ended.stderr or ended.stdout).strip().splitlines()
    return (lines[-1] if lines else f"sacct ended with {ended.returncode}") if ended.returncode else ""
