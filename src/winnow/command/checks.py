"""Check a command line and the configuration it stands for, before Hydra acts on either.

Hydra acts on what it is given at several points, none of which asks first:

- `--experimental-rerun` unpickles a file as soon as the arguments are parsed;
- a search path `pkg://name` imports that module while the configuration is composed;
- `hydra.hydra_logging` is built right after that: formatters, filters and handlers of any class;
- callbacks, sweeper and launcher are built next, each from its `_target_`;
- every job makes its folders and files (`run.dir`, `sweep.dir`, `output_subdir`), changes the environment
  (`job.env_set`) and builds `job_logging`; words below `overrides` are added to those of every job.

So before `hydra.main` is entered, `_typed` looks at what was typed. Then the configuration is composed by
`hydra.compose`, which builds nothing, and `_allowed` compares its whole `hydra` node with the one that winnow
ships. A sweep composes each of its jobs once more, and checks each. `_resolvers` keeps environment variables
and the like out of winnow's own settings.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from winnow.command._allowed import check_composed, chosen_launcher
from winnow.command._foreign_files import check_folder
from winnow.command._resolvers import check_resolvers
from winnow.command._typed import Typed, check_words


def check_command(words: Sequence[str], conf: Path) -> Typed:
    """Return what was typed, if the words and what they make of the configuration are allowed.

    Parameters
    ----------
    words : what was typed after the program's name, as it goes to Hydra.
    conf : the folder of winnow's own configuration.

    Raises
    ------
    InvalidValue
        At the first word or key that is not allowed; nothing was built, imported or written.
    """
    typed = check_words(words)
    if typed.config_dir is not None:
        check_folder(Path(typed.config_dir))
    shared = [word for word in typed.words if not _is_swept(word)]
    with initialize_config_dir(str(conf.absolute()), version_base="1.3"), catch_warnings():
        simplefilter("ignore")  # of Hydra about a file from elsewhere that is refused in the next moment
        check_config(compose("config", shared, return_hydra_config=True), typed, conf)
    return typed


def check_config(config: DictConfig, typed: Typed, conf: Path) -> None:
    """Refuse a composed configuration whose `hydra` node or settings hold anything that is not allowed."""
    hydra = _plain(config.hydra)
    check_composed(hydra, _shipped(chosen_launcher(hydra), conf), typed)
    check_resolvers(_plain(OmegaConf.masked_copy(config, [name for name in config if name != "hydra"])))


def _is_swept(word: str) -> bool:
    (override,) = OverridesParser.create().parse_overrides([word])
    return override.is_sweep_override()


def _plain(node: Any) -> Any:
    return OmegaConf.to_container(node, resolve=False, enum_to_str=True)


@cache
def _shipped(launcher: str, conf: Path) -> Mapping[str, Any]:
    """Return the `hydra` node of winnow's own configuration."""
    words = [f"hydra/launcher={launcher}"]
    return _plain(compose("config", words, return_hydra_config=True).hydra)
