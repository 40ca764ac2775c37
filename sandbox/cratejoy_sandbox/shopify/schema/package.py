"""Shopify's published schema: the npm package it is in, and the check that the file is the one we read."""

import gzip
import hashlib
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

PACKAGE = "@shopify/dev-mcp@1.16.0"
SHA256 = {
    "2026-07": "5bcde995c89c59acdb2ee494378d96f45ce7378a16ec829a74b71d696a08ef19",
    "2026-10": "f3b522f264556925eada700e795e4a002a9cba83444ebcc6c0d724254a0c6593",
}
VERSIONS = tuple(SHA256)


class WrongPackage(Exception):
    """The package could not be had, or a file in it is not the one we know."""


def fetch(folder: Path) -> Path:
    """Download the package with npm into a folder; returns its tar file."""
    command = ["npm", "pack", "--silent", PACKAGE]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    archives = sorted(folder.glob("*.tgz"))
    if done.returncode or not archives:
        raise WrongPackage(f"npm could not fetch {PACKAGE}: {done.stderr.strip()[-300:]}")
    return archives[0]


def read(archive: Path, version: str) -> dict[str, Any]:
    """Introspection of a version, with `data` and `offline_scopes`."""
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"package/dist/data/admin_{version}.json.gz")
        packed = member.read() if member else b""
    if hashlib.sha256(packed).hexdigest() != SHA256[version]:
        raise WrongPackage(f"The schema of {version} in {PACKAGE} is not the one this was written for.")
    document: dict[str, Any] = json.loads(gzip.decompress(packed))
    return document
