"""The SDK's own tests, against a small store served on loopback."""

from __future__ import annotations

from typing import Any

import pytest
from harness import CLIENT_ID, CLIENT_SECRET, Sandbox
from singer_sdk.testing import SuiteConfig, get_tap_test_class
from tap_cratejoy.tap import TapCratejoy

CONFIG: dict[str, Any] = {
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "api_url": "http://127.0.0.1:1/v1",
    "requests_per_second": 0,
}

pytestmark = [
    pytest.mark.filterwarnings("ignore:Fields in transformed catalog but not in records:UserWarning"),
    pytest.mark.filterwarnings("ignore:No records were available to test:UserWarning"),  # store_settings is always null
]


@pytest.fixture(scope="module", autouse=True)
def _address(_shared: Sandbox) -> None:
    _shared.reset()
    CONFIG["api_url"] = _shared.url


def _everything() -> dict[str, Any]:
    """Return a catalog with all streams selected, those that are off by default too."""
    catalog = TapCratejoy(config=CONFIG).catalog_dict
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = True
    return catalog


TestTapCratejoy = get_tap_test_class(
    TapCratejoy,
    config=CONFIG,
    suite_config=SuiteConfig(max_records_limit=60),
    parse_env_config=False,
    catalog=_everything(),
)
