"""The standard suite of singer-sdk, against the local shop."""

from __future__ import annotations

from typing import Any

import pytest
from singer_sdk.testing import get_target_test_class
from target_shopify.target import TargetShopify

from .harness import TOKEN, LocalShop

CONFIG: dict[str, Any] = {"shop": "demo", "access_token": TOKEN, "lane": "direct"}


class TestStandard(get_target_test_class(TargetShopify, config=CONFIG)):  # type: ignore[misc]
    """All of the suite's tests."""

    @pytest.fixture(scope="class", autouse=True)
    def _shop(self, shop_server: LocalShop) -> None:
        shop_server.reset()
        CONFIG["api_url"] = shop_server.url
