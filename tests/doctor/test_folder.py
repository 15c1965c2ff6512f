"""What a folder can do is found out in the folder; what it cannot do is said with what to change."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from winnow.doctor import folder as doctor
from winnow.doctor.folder import examined, file_system, of_kind

linux = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc")


def test_an_ordinary_folder_is_fit_and_left_as_it_was(tmp_path):
    (tmp_path / "mine").write_text("stays")
    found = {finding.about: finding.verdict for finding in examined(tmp_path)}
    assert {"flock locks", "renaming", "flushing", "disk"} <= set(found)
    assert "fault" not in found.values()
    assert os.listdir(tmp_path) == ["mine"]


def test_a_folder_that_cannot_be_made_is_the_only_finding(tmp_path):
    (tmp_path / "file").write_text("")
    (found,) = examined(tmp_path / "file" / "state")
    assert (found.verdict, found.about) == ("fault", "folder")
    assert "state_dir=" in found.remedy


@linux
@pytest.mark.parametrize("kind", ["flock", "fcntl"])
def test_locks_that_each_process_has_for_itself_are_told(kind, tmp_path, monkeypatch):
    """The path leads every process to a file of its own, as on disks where locks do not reach the other."""
    private = tmp_path / "private"
    private.symlink_to("/proc/self/fd")
    (tmp_path / f"{kind}.lock").symlink_to("private/0")
    found = {finding.about: finding for finding in doctor.locks(tmp_path)}[f"{kind} locks"]
    assert found.verdict == ("warning" if kind == "flock" else "fault")
    assert found.seen == "do not hold between processes: the second one got locked"


def test_a_lock_that_cannot_be_made_is_told_with_the_reason(tmp_path):
    (tmp_path / "flock.lock").mkdir()
    found = {finding.about: finding for finding in doctor.locks(tmp_path)}["flock locks"]
    assert found.seen == "cannot be made: Is a directory"


def test_too_little_room_is_a_fault_and_little_a_warning(tmp_path, monkeypatch):
    def verdicts():
        return [finding.verdict for finding in doctor.space(tmp_path) if "GiB" in finding.seen]

    monkeypatch.setattr(doctor, "LITTLE_SPACE", 1)
    monkeypatch.setattr(doctor, "TOO_LITTLE_SPACE", 0)
    assert verdicts() == ["ok"]
    monkeypatch.setattr(doctor, "LITTLE_SPACE", 2**80)
    assert verdicts() == ["warning"]
    monkeypatch.setattr(doctor, "TOO_LITTLE_SPACE", 2**80)
    assert verdicts() == ["fault"]


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
35 22 0:31 / /scratch rw shared:9 master:1 - lustre mds@tcp:/fs rw
36 22 0:32 / /home/a\\040b rw - fuse.sshfs host: rw
37 22 0:33 / / rw - overlay overlay rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/scratch/ann", "lustre"),
        ("/scratchy", "overlay"),  # the later of two file systems mounted on one point hides the other
        ("/home/a b/state", "fuse.sshfs"),
    ],
)
def test_a_file_system_is_that_of_the_longest_mount_point(path, kind):
    assert file_system(Path(path), MOUNTS) == kind


@pytest.mark.parametrize(("kind", "verdict"), [("nfs4", "warning"), ("fuse.sshfs", "warning"), ("xfs", "ok")])
def test_a_network_file_system_is_warned_of_with_the_server_as_the_way_out(kind, verdict):
    found = of_kind(kind)
    assert found.verdict == verdict
    assert ("tracker.uri" in found.remedy) == (verdict == "warning")


def test_the_command_tells_each_finding_in_a_line_and_ends_with_1_for_a_fault(tmp_path):
    def doctor_of(*words):
        line = [sys.executable, "-m", "winnow.command.doctor", *words]
        return subprocess.run(line, capture_output=True, text=True, timeout=200, cwd=tmp_path)

    fit = doctor_of("state_dir=state", "tracker=none")
    assert fit.returncode == 0, fit.stdout + fit.stderr
    lines = fit.stdout.splitlines()
    assert lines[-1] == "fit for work"
    assert all(re.match(r"(ok|warning)  +\S", line) for line in lines[:-1])
    abouts = {line[9:22].strip() for line in lines[:-1]}
    assert {"renaming", "store", "versions", "cores", "device"} <= abouts

    (tmp_path / "file").write_text("")
    unfit = doctor_of("state_dir=file", "tracker=none")
    assert unfit.returncode == 1
    assert unfit.stdout.splitlines()[-1] == "1 fault"
    untold = doctor_of("state_dir=state", "tracker=none", "trainer.num_nodes=2")
    assert untold.returncode == 1
    assert "fault    training      NODE_RANK, MASTER_ADDR, MASTER_PORT must be set" in untold.stdout
    assert "| set them as torchrun does" in untold.stdout
    wrong = doctor_of("trainer=nonsense")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("error: ")
    assert len(wrong.stderr.splitlines()) == 1
