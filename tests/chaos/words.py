"""What a round said and wrote: no secret, no e-mail, no traceback anywhere but where records belong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.chaos.scene import GRANT_SECRET, Scene
from tests.pipeline import SECRET, SECRET_TOKEN

EMAIL = re.compile(r"[^\s@\"'/:<>]+@[^\s@\"']+\.(com|org|net)", re.IGNORECASE)
_LOGS = ("said-*.txt", ".meltano/**/*.log", ".staging/server.log", "reports/run.json", "reports/*.log", "*.log")


def said(scene: Scene) -> Iterator[str]:
    """Yield what should not have been said, by file."""
    secrets = [SECRET, SECRET_TOKEN, GRANT_SECRET, *_password(scene.database / ".staging" / "password")]
    folder = scene.project.folder
    for path in sorted({path for pattern in _LOGS for path in folder.glob(pattern) if path.is_file()}):
        text = path.read_text(errors="replace")
        name = path.relative_to(folder)
        if any(secret in text for secret in secrets):
            yield f"{name} holds a secret"
        if EMAIL.search(text):
            yield f"{name} holds an e-mail"
        if "Traceback" in text:
            yield f"{name} holds a traceback"
    for name in ("meltano.db",):
        path = folder / ".meltano" / name
        if path.exists() and any(secret.encode() in path.read_bytes() for secret in secrets):
            yield f".meltano/{name} holds a secret"


def left_behind(scene: Scene, emails: Sequence[str]) -> Iterator[str]:
    """Yield files below the project that hold an e-mail of the store."""
    folder = scene.project.folder
    wanted = [email.encode() for email in emails]
    for path in sorted(folder.rglob("*")):
        if path.is_file() and ".venv" not in path.parts and not path.is_symlink():
            found = path.read_bytes().lower()
            if any(email in found for email in wanted):
                yield f"{path.relative_to(folder)} holds an e-mail of the store after a purge"


def of_the_simulators(scene: Scene) -> Iterator[str]:
    """Yield failures of the sandboxes themselves."""
    for path in (scene.folder / "cratejoy.stderr", scene.folder / "shop" / "shopify.stderr"):
        if path.exists() and "Traceback" in path.read_text(errors="replace"):
            yield f"the simulator failed, see {path.name}"


def _password(path: Path) -> list[str]:
    return [path.read_text().strip()] if path.exists() else []
