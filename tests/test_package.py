import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_wheel_carries_the_configuration(tmp_path):
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    shipped = [path.relative_to(ROOT) for path in (ROOT / "conf").rglob("*.yaml")]
    assert len(shipped) > 50
    assert {f"winnow/{path.as_posix()}" for path in shipped} <= inside
    assert {"winnow/report/_page.html", "winnow/report/_page.md"} <= inside
