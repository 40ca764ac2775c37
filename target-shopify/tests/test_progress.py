"""The progress line: what a person can understand without knowing Shopify's budget."""

from __future__ import annotations

import logging
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from target_shopify import progress as progress_module
from target_shopify.progress import Progress


def test_points_are_told_with_their_limit(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    now = [100.0]
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now[0])
    budget = SimpleNamespace(used=0.0, rate=100.0, throttled=0)
    client: Any = SimpleNamespace(budget=budget, retries=0)
    settlement: Any = SimpleNamespace(settled=0, read=0, counts=Counter())
    progress = Progress(settlement, client, logging.getLogger("test-progress"))
    now[0] += 10
    budget.used, settlement.settled, settlement.read, settlement.counts["created"] = 980.0, 98, 120, 98

    progress.tick(None)

    assert caplog.messages == ["customers: 98 of 120 read, 98 created, 9.8/s, 98 points/s (limit 100)"]
