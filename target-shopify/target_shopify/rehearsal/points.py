"""What a call costs in points: the rule that recorded live answers follow, for the operations of a migration. Pure.

An object is 1, a mutation 10 with the objects of its payload free, a page of N nodes 2 + max(1, floor(2 ln N)); a page
that came back empty costs what was asked for.
"""

from __future__ import annotations

import math

MUTATION = 10.0
ADDRESSES_A_PAGE, METAFIELDS_A_PAGE = 10, 20
"""Sizes of the pages in `CustomerRead`."""
LISTED_OPERATIONS = 9.0
"""`BulkOperations` in a shop that never had one."""
VARIANTS_A_CALL = 9.0
"""`VariantsBySku` that finds none."""
ORDER_FOUND = 1.0


def found(*, there: bool) -> float:
    """Return what `CustomerFind` costs: the customer and two metafields, or the customer that is not there."""
    return 3.0 if there else 1.0


def read(addresses: int, metafields: int) -> float:
    """Return what one page of `CustomerRead` costs, with so many nodes on it."""
    return 3.0 + page(addresses, ADDRESSES_A_PAGE) + page(metafields, METAFIELDS_A_PAGE)


def read_whole(addresses: int, metafields: int) -> list[float]:
    """Return what each page costs when a whole customer is read; both lists turn their pages together."""
    pages = max(1, math.ceil(addresses / ADDRESSES_A_PAGE), math.ceil(metafields / METAFIELDS_A_PAGE))
    return [
        read(_on(number, addresses, ADDRESSES_A_PAGE), _on(number, metafields, METAFIELDS_A_PAGE))
        for number in range(pages)
    ]


def page(nodes: int, asked: int) -> float:
    """Return what a page with so many nodes costs, asked for so many."""
    return 2.0 + max(1, math.floor(2 * math.log(nodes or asked)))


def _on(number: int, total: int, size: int) -> int:
    """Return how many of a total are on a page; the last page comes again while the other list goes on."""
    full = max(0, math.ceil(total / size) - 1)
    return min(size, total - size * min(number, full))
