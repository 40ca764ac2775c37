"""Faults of pages: which rows come, in which order, what `next` and `count` say."""

from dataclasses import replace

from cratejoy_sandbox.cratejoy.elements import Wanted
from cratejoy_sandbox.cratejoy.faults.grammar import Hits
from cratejoy_sandbox.cratejoy.pages import (
    Envelope,
    PageQuery,
    PageRules,
    page_link,
    read_ids,
    without_filters,
)
from cratejoy_sandbox.cratejoy.store import Store

STABLE_SALT = 97


def bend_rules(rules: PageRules, hits: Hits) -> PageRules:
    """Page numbering and largest page as the switches say."""
    if "page_base" in hits:
        rules = replace(rules, base=hits["page_base"]["base"])
    if "max_limit" in hits:
        rules = replace(rules, max_limit=hits["max_limit"]["limit"], clamp=hits["max_limit"]["how"] == "clamp")
    return rules


def bend_query(query: PageQuery, hits: Hits) -> PageQuery:
    """What is ignored of the request."""
    if "limit_ignored" in hits:
        query = replace(query, limit=hits["limit_ignored"]["rows"])
    if "filter_ignored" in hits:
        query = without_filters(query)
    if "with_ignored" in hits:
        query = replace(query, wants=Wanted({}, {}))
    return query


def bend_ids(store: Store, query: PageQuery, hits: Hits, request_number: int) -> list[int]:
    """The rows of the page, disturbed."""
    if "empty_page" in hits:
        return []
    if "shuffled" in hits:
        salt = STABLE_SALT if hits["shuffled"]["how"] == "stable" else request_number
        window = (query.offset, query.limit)
        ids = store.shuffled_ids(query.resource.shape.table, query.conditions, window, salt)
    else:
        ids = read_ids(store, query)
    if "duplicates" in hits and query.page > query.base:
        before = read_ids(store, replace(query, page=query.page - 1))
        ids = before[-hits["duplicates"]["rows"] :] + ids
    if "holes" in hits:
        ids = ids[: max(0, len(ids) - hits["holes"]["rows"])]
    return ids


def bend_envelope(query: PageQuery, page: Envelope, hits: Hits) -> Envelope:
    """What `count` and `next` say instead of the truth."""
    if "count_off" in hits:
        page["count"] = max(0, page["count"] + hits["count_off"]["by"])
    if "count_null" in hits:
        page["count"] = None
    page["next"] = _bend_next(query, page, hits)
    return page


def _bend_next(query: PageQuery, page: Envelope, hits: Hits) -> str | None:
    link: str | None = page["next"]
    following = query.page + 1
    if "next_on_last_page" in hits and link is None and (page["results"] or query.page == query.base):
        link = page_link(query, following)
    if "next_loop" in hits:
        target = hits["next_loop"]["to"]
        following = query.page if target is None else target
        link = page_link(query, following)
    if "next_null" in hits or link is None:
        return None
    if "next_bare" in hits:
        link = f"?page={following}"
    if "next_absolute" in hits:
        link = f"{hits['next_absolute']['host']}/v1/{query.resource.name}/{link}"
    if "next_unparseable" in hits:
        link = str(hits["next_unparseable"]["text"])
    return link
