"""The cost bucket: points are taken before a query runs, and what it did not use is given back."""

from typing import Any

from cratejoy_sandbox.shopify.clock import Clock
from cratejoy_sandbox.shopify.settings import Plan


class Bucket:
    """Points of one app in one shop."""

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self.plan = plan
        self.clock = clock
        self._points = float(plan.bucket)
        self._at = clock.seconds()

    def available(self) -> float:
        """Points in the bucket now."""
        now = self.clock.seconds()
        self._points = min(self.plan.bucket, self._points + (now - self._at) * self.plan.restore)
        self._at = now
        return self._points

    def take(self, points: float) -> bool:
        """Take points, or leave all when there are too few."""
        if self.available() < points:
            return False
        self._points -= points
        return True

    def give_back(self, points: float) -> None:
        """Return points that were not used."""
        self._points = min(self.plan.bucket, self.available() + points)

    def status(self) -> dict[str, Any]:
        """As `throttleStatus` tells it."""
        return {
            "maximumAvailable": float(self.plan.bucket),
            "currentlyAvailable": int(self.available()),
            "restoreRate": float(self.plan.restore),
        }
