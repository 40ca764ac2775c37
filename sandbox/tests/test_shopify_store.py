"""The file of a shop across versions of the sandbox."""

import sqlite3
import subprocess
import sys
from pathlib import Path

SANDBOX = Path(sys.executable).parent / "sandbox"


def test_a_file_of_another_version_is_told_in_a_sentence(tmp_path):
    file = tmp_path / "shop.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("create table granted_tokens (token text)")

    ended = subprocess.run(
        [SANDBOX, "shopify", "--port", "0", "--data", file], capture_output=True, text=True, timeout=30, check=False
    )

    assert ended.returncode == 1
    assert "made by another version of the sandbox: remove it" in ended.stderr
    assert "Traceback" not in ended.stderr
