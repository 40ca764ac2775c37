"""The standard suite of singer-sdk, against the local shop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from singer_sdk.testing import get_target_test_class
from target_shopify.target import TargetShopify

from .harness import TOKEN, local_shop

CONFIG: dict[str, Any] = {"shop": "demo", "access_token": TOKEN, "lane": "direct"}


class TestStandard(get_target_test_class(TargetShopify, config=CONFIG)):  # type: ignore[misc]
    """All of the suite's tests."""

    @pytest.fixture(scope="class", autouse=True)
    def _shop(self) -> Iterator[None]:
        with local_shop() as shop:
            CONFIG["api_url"] = shop.url
            yield
