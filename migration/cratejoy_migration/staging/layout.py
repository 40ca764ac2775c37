"""The files of the embedded server: `.staging/` of the project, readable by its owner only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cratejoy_migration.staging.errors import StagingError
from cratejoy_migration.staging.locks import unusable

if TYPE_CHECKING:
    from pathlib import Path

USER = "staging"
DATABASE = "staging"


@dataclass(frozen=True)
class Layout:
    """Paths of one embedded server; every one lies under `<project>/.staging`."""

    project: Path

    @cached_property
    def folder(self) -> Path:
        """Return the folder itself."""
        return self.project / ".staging"

    @cached_property
    def data(self) -> Path:
        """Return PostgreSQL's own folder; it exists only when it is complete."""
        return self.folder / "data"

    @cached_property
    def password(self) -> Path:
        """Return the file with the server's password."""
        return self.folder / "password"

    @cached_property
    def log(self) -> Path:
        """Return PostgreSQL's log."""
        return self.folder / "server.log"

    @cached_property
    def lease(self) -> Path:
        """Return the lock that every client shares; the server stops when nobody holds it."""
        return self.folder / "lease"

    @cached_property
    def supervisor_lock(self) -> Path:
        """Return the lock that the one supervisor holds."""
        return self.folder / "supervisor.lock"

    @cached_property
    def ready_lock(self) -> Path:
        """Return the lock that the supervisor holds while PostgreSQL accepts connections."""
        return self.folder / "ready.lock"

    @cached_property
    def server_lock(self) -> Path:
        """Return the lock that the processes of PostgreSQL hold, whoever started them."""
        return self.folder / "server.lock"

    @cached_property
    def port(self) -> Path:
        """Return the file with the port of the last server; it is gone when that server was told to stop."""
        return self.folder / "port"

    @cached_property
    def keep(self) -> Path:
        """Return the mark of `migration start`: do not stop when idle."""
        return self.folder / "keep"

    def create(self) -> None:
        """Make the folder, for its owner only.

        Raises:
            StagingError: the folder cannot be written.
        """
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            if self.folder.stat().st_mode & 0o077:
                self.folder.chmod(0o700)
        except OSError as error:
            raise StagingError(
                f"cannot write {self.folder} ({os.strerror(error.errno or 0)}); run as the owner of the "
                "project folder, or set STAGING_DATABASE_URL."
            ) from None

    def url(self, port: int) -> str:
        """Return the URL of the server on this port, password included: for connecting, not for showing.

        Raises:
            StagingError: the password cannot be read.
        """
        try:
            secret = self.password.read_text(encoding="ascii").strip()
        except OSError as error:
            raise unusable(self.password, error) from None
        return f"postgresql://{USER}:{secret}@127.0.0.1:{port}/{DATABASE}"
