"""The files that our programs leave in a project: reports, dead letters, logs, what Meltano writes for plugins."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

REPORTS = "reports and dead letters"
LOGS = "Meltano's logs"
RUN_FILES = "Meltano's files of runs"
_NAMES = (
    "refused.jsonl", "run.json", "run.log*", "forecast*", "fix-list*", "fix_list*", "certificate*", "verif*", "probe*",
    "pilot*", "quick-test*", "rollback*", "repair*", "audit*", ".work-*", ".strays-*",
    ".verify-*", ".*.jsonl-*", ".*.csv-*", ".*.log-*",
)  # fmt: skip
"""What our programs call their files; in a folder that is not only ours, nothing else is touched."""
_TELLING = frozenset(
    {"refused.jsonl", "forecast.csv", "fix-list.csv", "certificate.html", "certificate.json", "rollback.csv"}
)
"""Names by which a copy is known anywhere in the project."""
_SKIPPED = frozenset({".venv", ".git", ".staging", ".sandbox", ".meltano", "node_modules"})


@dataclass(frozen=True)
class Remnant:
    """A file or folder of ours.

    Attributes:
        path: Where.
        what: One of the kinds above.
        files: How many files it is.
        size: Bytes.
    """

    path: Path
    what: str
    files: int
    size: int


def remnants(project: Path, reports: Iterable[Path], run_ids: Iterable[str] = ()) -> list[Remnant]:
    """Return what there is to remove.

    Args:
        project: Its folder.
        reports: Folders of reports, of the target and of our commands.
        run_ids: Of Meltano's runs of our pipelines; their logs lie in the user's own folder of logs, beside others'.
    """
    own = (project / "reports").resolve()
    found = [
        _measured(path, REPORTS)
        for folder in dict.fromkeys(one.resolve() for one in reports)
        for path in _of_reports(folder, whole=folder == own)
    ]
    found += [_measured(path, LOGS) for path in _inside(project / ".meltano" / "logs")]
    found += [_measured(path, LOGS) for path in _run_logs(run_ids)]
    found += [_measured(path, RUN_FILES) for path in _run_files(project)]
    return found


def remove(found: Iterable[Remnant]) -> None:
    """Remove files and folders; what is gone already is no trouble.

    Raises:
        OSError: one cannot be removed.
    """
    for one in found:
        if one.path.is_dir() and not one.path.is_symlink():
            shutil.rmtree(one.path, ignore_errors=False) if one.path.exists() else None
        else:
            one.path.unlink(missing_ok=True)


def strangers(project: Path, reports: Iterable[Path], going: Iterable[Remnant]) -> list[Path]:
    """Return files anywhere in the project that look like copies of our reports; they are not touched.

    Args:
        project: Its folder.
        reports: Folders of reports.
        going: What is removed, with all that is in it.
    """
    known = {one.resolve() for one in reports}
    whole = {one.path for one in going}
    found = []
    for folder, names, files in os.walk(project):
        names[:] = [name for name in names if name not in _SKIPPED]
        here = Path(folder).resolve()
        if here not in known and not whole.intersection((here, *here.parents)):
            found += [Path(folder) / name for name in files if name in _TELLING]
    return found


def _of_reports(folder: Path, *, whole: bool) -> Iterator[Path]:
    if whole:
        yield from _inside(folder)
    elif folder.is_dir():
        yield from sorted({path for pattern in _NAMES for path in folder.glob(pattern)})


def _run_logs(run_ids: Iterable[str]) -> Iterator[Path]:
    """Yield the folders in which Meltano 4 keeps what runs said: below the user's folder of logs, by state and run."""
    logs = platformdirs.user_log_path("meltano") / "elt"
    for run_id in run_ids:
        yield from logs.glob(f"*/{run_id}")


def _run_files(project: Path) -> Iterator[Path]:
    """Yield the files of each plugin's folder; the folders stay, since Meltano may be running us."""
    run = project / ".meltano" / "run"
    for folder in _inside(run):
        if folder.is_dir() and not folder.is_symlink():
            yield from _inside(folder)
        elif not folder.is_symlink():
            yield folder


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _measured(path: Path, what: str) -> Remnant:
    files = [path]
    if path.is_dir() and not path.is_symlink():
        files = [Path(folder) / name for folder, _, names in os.walk(path) for name in names]
    return Remnant(path, what, len(files), sum(_size(one) for one in files))


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
