"""Print every option of every group with all its settings, as one page in Markdown.

    python scripts/options.py > scripts/results/options.md

It is what `python train.py --help <group>` and `--help <group>=<option>` say, and that comes from the
docstrings of the code. A test compares the page with it.
"""

from winnow.command import help as command_help
from winnow.command.shipped import conf
from winnow.registry import PROMISES, options

OPENING = """\
# Every option and its settings

Made from the docstrings by `python scripts/options.py > scripts/results/options.md`. The same in a terminal:
`python train.py --help <group>`, and `--help <group>=<option>`. Options are chosen by `group=option`,
settings by `group.setting=value`.
"""


def page() -> str:
    """Return the page."""
    parts = [OPENING, "## settings", _block(command_help.text("settings", conf()))]
    for group in PROMISES:
        parts += [f"## {group}", _block(command_help.text(group, conf()))]
        parts += [_block(command_help.text(f"{group}={name}", conf())) for name in options(group)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```"


if __name__ == "__main__":
    print(page(), end="")
