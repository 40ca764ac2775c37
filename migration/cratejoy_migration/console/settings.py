"""What the console is told: where it listens, and who may come in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from cratejoy_migration.console.access.passwords import complaint
from cratejoy_migration.errors import OperatorError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8501
DEFAULT_IDLE_MINUTES = 30.0
CALLBACK = "/oauth2callback"
"""Where an identity provider sends people back to; Streamlit's own route."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_OIDC = ("METADATA_URL", "CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI", "EMAILS")


@dataclass(frozen=True)
class Oidc:
    """An identity provider, and whom of its people the console lets in."""

    metadata_url: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    emails: frozenset[str] = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """The console's settings.

    Attributes:
        host: Address to listen at.
        port: Port to listen at.
        idle_minutes: A session ends after so long without anybody's doing.
        host_names: Further names by which browsers may call the console.
        password_hash: argon2id hash of the one password, or None.
        oidc: Identity provider, or None.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    idle_minutes: float = DEFAULT_IDLE_MINUTES
    host_names: tuple[str, ...] = ()
    password_hash: str | None = field(default=None, repr=False)
    oidc: Oidc | None = None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the console."""
        return self.host in _LOOPBACK

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Names and addresses that a browser may use for the console, in lower case."""
        own = () if self.host in {"0.0.0.0", "::"} else (self.host,)  # noqa: S104 - compared, not bound
        return frozenset(name.lower() for name in (*_LOOPBACK, *own, *self.host_names))

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the console."""
        host = DEFAULT_HOST if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def read(project: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings; the environment wins over the project's .env, and an empty value counts as absent.

    Raises:
        OperatorError: A value cannot be used, or nobody could sign in. No value of a secret is in the text.
    """
    environment = os.environ if environment is None else environment
    # Without interpolation: a hash is full of dollar signs.
    written = dotenv_values(project / ".env", interpolate=False)
    values = {name: value for name, value in {**written, **_filled(environment)}.items() if value}
    settings = Settings(
        host=values.get("CONSOLE_HOST", DEFAULT_HOST).strip(),
        port=int(_number(values, "CONSOLE_PORT", DEFAULT_PORT, 0, 65535)),
        idle_minutes=_number(values, "CONSOLE_IDLE_MINUTES", DEFAULT_IDLE_MINUTES, 0.01, 24 * 60),
        host_names=_words(values.get("CONSOLE_HOST_NAMES", "")),
        password_hash=_password_hash(values),
        oidc=_oidc(values),
    )
    if not settings.password_hash and not settings.oidc:
        raise OperatorError(
            "Nobody could sign in: make a password's hash with `console hash-password` and put it into .env as "
            "CONSOLE_PASSWORD_HASH='...', in single quotes."
        )
    return settings


def _filled(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith("CONSOLE_") and value}


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.replace(",", " ").split() if word)


def _number(values: Mapping[str, str], name: str, default: float, least: float, most: float) -> float:
    text = values.get(name)
    if text is None:
        return default
    try:
        number = float(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise OperatorError(f"{name} must be a number from {least:g} to {most:g}.")
    return number


def _password_hash(values: Mapping[str, str]) -> str | None:
    text = values.get("CONSOLE_PASSWORD_HASH")
    if not text:
        return None
    if wrong := complaint(text):
        raise OperatorError(f"CONSOLE_PASSWORD_HASH {wrong}: make one with `console hash-password`.")
    return text


def _oidc(values: Mapping[str, str]) -> Oidc | None:
    given = {name: values.get(f"CONSOLE_OIDC_{name}", "").strip() for name in _OIDC}
    if not any(given.values()):
        return None
    if missing := [f"CONSOLE_OIDC_{name}" for name, value in given.items() if not value]:
        raise OperatorError(f"Signing in with an identity provider also needs {', '.join(missing)}.")
    uri = urlsplit(given["REDIRECT_URI"])
    if uri.scheme not in {"http", "https"} or not uri.netloc or uri.path != CALLBACK:
        raise OperatorError(f"CONSOLE_OIDC_REDIRECT_URI must be the console's own address and end with {CALLBACK}.")
    return Oidc(
        metadata_url=given["METADATA_URL"],
        client_id=given["CLIENT_ID"],
        client_secret=given["CLIENT_SECRET"],
        redirect_uri=given["REDIRECT_URI"],
        emails=frozenset(email.casefold() for email in _words(given["EMAILS"])),
    )
