"""Everything that can go wrong between a client and Shopify, behind switches."""

from cratejoy_sandbox.cratejoy.faults.grammar import Faults
from cratejoy_sandbox.shopify.faults.switches import CLAUSES, SWITCHES


def shopify_faults() -> Faults:
    """No fault switched on, and the table of those that can be."""
    return Faults(SWITCHES, CLAUSES)
