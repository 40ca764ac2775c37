"""Start the process of a run and leave: nobody has to wait for its end, and nobody is its parent.

python -m cratejoy_migration.console.work.starter PROJECT RUN
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main(arguments: list[str]) -> None:
    """Start `migration work` in a session of its own."""
    project, number = arguments
    subprocess.Popen(
        [str(Path(sys.executable).parent / "migration"), "work", number],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
