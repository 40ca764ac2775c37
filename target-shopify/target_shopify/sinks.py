"""Singer records into the run; state only after durable outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.sinks import Sink
from typing_extensions import override

if TYPE_CHECKING:
    from target_shopify.target import TargetShopify

STREAMS = frozenset({"customers", "customer_documents"})


def takes(stream: str) -> bool:
    """Whether a stream holds customers; a schema's name may stand before it, as tap-postgres writes it."""
    return stream.rpartition("-")[2].rpartition(".")[2] in STREAMS


class Customers(Sink):
    """Gives each record to the run, which settles it in its own time."""

    def __init__(self, target: TargetShopify, **kwargs: Any) -> None:
        super().__init__(target=target, **kwargs)
        self._run = target.run

    @property
    @override
    def current_size(self) -> int:
        return 0

    @override
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        self._run.add(record)

    def _singer_validate_message(self, record: dict[str, Any]) -> None:
        """Let a record without id through: it gets its line in the ledger."""

    def take(self, record: dict[str, Any]) -> None:
        """Take a record that needs no preparation."""
        self.tally_record_read()
        self._run.add(record)

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        """Do nothing: records are on their way already."""


class Ignored(Sink):
    """A stream that is not customers: counted, and said once."""

    @override
    def setup(self) -> None:
        self.logger.warning(
            "Stream %s is ignored: target-shopify takes customers and customer_documents.", self.stream_name
        )

    @property
    @override
    def current_size(self) -> int:
        return 0

    @override
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Do nothing."""

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        """Do nothing."""
