"""The loader `staging-target-shopify`: target-shopify with its ledger in the staging database."""

from __future__ import annotations

from typing import Any

from target_shopify import cli
from target_shopify.errors import LedgerFailed
from target_shopify.target import TargetShopify

from cratejoy_migration.staging import StagingError, connection_url


class StagingTargetShopify(TargetShopify):
    """The target; without a `ledger_url` the staging database keeps the ledger, and stays up as long as the target."""

    def __init__(self, *, config: dict[str, Any] | None = None, parse_env_config: bool = False, **options: Any) -> None:
        settings = {**(config or {}), **(self._env_var_config if parse_env_config else {})}
        if not settings.get("ledger_url"):
            settings["ledger_url"] = _staging_url()
        super().__init__(config=settings, **options)


def _staging_url() -> str:
    try:
        return connection_url()
    except StagingError as error:
        raise LedgerFailed(str(error)) from None


def main() -> None:
    """Entry point."""
    cli.main(StagingTargetShopify)
