"""docs/mapping.md names every code that a ledger can hold, in the program's words."""

from pathlib import Path

import pytest
from target_shopify.rules import CHECKS, MET, REFUSALS

PAGE = (Path(__file__).parents[3] / "docs" / "mapping.md").read_text()


@pytest.mark.parametrize(("code", "words"), [*CHECKS.items(), *MET.items(), *REFUSALS.items()])
def test_the_page_explains_each_code(code, words):
    assert f"| `{code}` | {words} |" in PAGE
