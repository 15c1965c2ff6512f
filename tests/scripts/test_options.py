import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_of_options_is_what_the_docstrings_say():
    made = subprocess.run(
        [sys.executable, ROOT / "scripts" / "options.py"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    written = (ROOT / "scripts" / "results" / "options.md").read_text(encoding="utf-8")
    assert written == made.stdout, "python scripts/options.py > scripts/results/options.md"
