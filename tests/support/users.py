"""Other users, for tests that root runs: each reaches Python, also where it is below `/root`."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.running import BIN, REPOSITORY, Run, environment

# In a mount namespace of the test's own, empty folders cover the folders that only root reaches.
# Folders that Python needs are mounted there again.
_REACH = """
set -e
mount --make-rprivate /
n=0
for folder in "${reach[@]}"; do
    n=$((n + 1)); mkdir -p "$stash/$n"; mount --bind "$folder" "$stash/$n"
done
n=0 covered=()
for folder in "${reach[@]}"; do
    n=$((n + 1)) hidden= up=$folder
    while [[ $up != / ]]; do
        (( 0$(stat -c %a "$up") & 1 )) || hidden=$up
        up=$(dirname "$up")
    done
    if [[ -n $hidden ]]; then
        mount -t tmpfs -o mode=755 tmpfs "$hidden"; covered+=("$hidden")
    fi
    for one in "${covered[@]}"; do
        case $folder in
            "$one"/*) mkdir -p "$folder"; mount --bind "$stash/$n" "$folder"; break ;;
        esac
    done
done
"""


class Others:
    """A folder that all users reach, and functions that act there as other users."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, user: str, *command: str, cwd: Path, umask: int = 0o022) -> Run:
        """Run a command as a user whose only group is `nogroup`."""
        home = self.folder / f"home_{user}"
        home.mkdir(exist_ok=True)
        shutil.chown(home, user)
        stash = self.folder / "stash"
        words = ["setpriv", f"--reuid={user}", "--regid=nogroup", "--clear-groups", *command]
        reach = sorted({sys.base_prefix, sys.prefix, str(REPOSITORY), *_real_places()})
        script = (
            f"reach=({' '.join(map(_quoted, reach))}) stash={_quoted(str(stash))}\n{_REACH}"
            f'cd {_quoted(str(cwd))}\numask {umask:o}\nexec "$@"'
        )
        done = subprocess.run(
            ["unshare", "-m", "bash", "-c", script, "bash", *words],
            env=environment(
                HOME=str(home),
                XDG_CACHE_HOME=str(home),
                TMPDIR=str(home),
                PYTHONDONTWRITEBYTECODE="1",
            ),
            capture_output=True,
            text=True,
            timeout=300,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def cli(self, user: str, *words: str, cwd: Path, umask: int = 0o022) -> Run:
        """Run `snakemake-looper` as a user."""
        return self.run(user, str(BIN / "snakemake-looper"), *words, cwd=cwd, umask=umask)

    def give(self, folder: Path, user: str) -> None:
        """Let a folder and all in it belong to a user."""
        for path in (folder, *folder.rglob("*")):
            os.chown(path, pwd.getpwnam(user).pw_uid, pwd.getpwnam("nobody").pw_gid)


def _real_places() -> set[str]:
    """The real folders of Python and its packages, where its paths are links."""
    return {str(Path(path).resolve()) for path in sys.path if Path(path).is_dir()} | {
        str(Path(sys.prefix).resolve()),
        str(Path(sys.executable).resolve().parents[1]),
    }


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)


@pytest.fixture
def others() -> Iterator[Others]:
    """Users `daemon` and `nobody`; skipped where this process may not act as them."""
    if os.geteuid() != 0:
        pytest.skip("only root can act as two users")
    folder = Path(tempfile.mkdtemp(prefix="looper-users-", dir="/tmp"))
    folder.chmod(0o755)
    users = Others(folder)
    try:
        missing = [one for one in ("setpriv", "unshare", "mount") if not shutil.which(one)]
        if missing:
            pytest.skip(f"{', '.join(missing)}: not here, so nobody can act as another user")
        done = users.run("nobody", sys.executable, "-c", "import snakemake", cwd=folder)
        if done.code:
            pytest.skip(f"another user does not reach Python: {done.err.strip()[-200:]}")
        yield users
    finally:
        shutil.rmtree(folder, ignore_errors=True)
