"""A folder for the files of a shop in memory; one that a killed simulator left is removed by the next."""

import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "sandbox-shopify-"


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that goes when this process ends."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = left.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdecimal() and not _runs(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-")


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
