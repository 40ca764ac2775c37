"""Faults of pages: which rows come, in which order, what `next` and `count` say."""


def links(sandbox, *pages, path="/v1/customers/", **parameters):
    return [sandbox.page(path, page=page, **parameters)["next"] for page in pages]


def test_the_page_base_may_change(sandbox):
    sandbox.fault(page_base=[{"resource": "customers", "base": 1}, {"resource": "shipments", "base": 0}])
    assert sandbox.page("/v1/customers/")["next"] == "?page=2"
    assert sandbox.page("/v1/shipments/")["next"] == "?page=1"
    assert sandbox.page("/v1/orders/")["next"] == "?page=1"


def test_a_changed_page_base_counts_for_other_faults_too(sandbox):
    sandbox.fault(page_base={"resource": "customers", "base": 1}, html={"pages": [1]})
    assert sandbox.ask("/v1/customers/").text.startswith("<!DOCTYPE")


def test_the_largest_page_may_be_clamped(sandbox):
    sandbox.fault(max_limit=100)
    page = sandbox.page("/v1/customers/", limit=500)
    assert len(page["results"]) == 100
    assert page["next"] == "?page=1&limit=500"
    assert sandbox.ids("/v1/customers/", limit=500, page=1) == sandbox.stored_ids("customers")[100:200]


def test_larger_pages_may_be_refused(sandbox):
    sandbox.fault(max_limit={"limit": 100, "how": "refuse"})
    assert sandbox.ask("/v1/customers/", limit=101).json()["errors"][0] == "limit must not be above 100"
    assert sandbox.ask("/v1/customers/", limit=101).status_code == 400
    assert len(sandbox.ids("/v1/customers/", limit=100)) == 100


def test_next_may_go_beyond_the_last_page(sandbox):
    sandbox.fault(next_on_last_page=True)
    assert links(sandbox, 2, limit=100) == ["?page=3&limit=100"]
    beyond = sandbox.page("/v1/customers/", limit=100, page=3)
    assert beyond["results"] == []
    assert beyond["next"] is None


def test_next_may_be_null_too_early(sandbox):
    sandbox.fault(next_null={"pages": [1]})
    assert links(sandbox, 0, 1, limit=100) == ["?page=1&limit=100", None]


def test_next_may_loop(sandbox):
    sandbox.fault(next_loop={"pages": [1]})
    assert links(sandbox, 1, limit=100) == ["?page=1&limit=100"]
    sandbox.fault(next_loop={"pages": [2], "to": 0})
    assert links(sandbox, 2, limit=100) == ["?page=0&limit=100"]


def test_next_may_lose_the_other_parameters(sandbox):
    sandbox.fault(next_bare=True)
    assert links(sandbox, 0, limit=100) == ["?page=1"]


def test_next_may_be_absolute_at_any_host(sandbox):
    sandbox.fault(next_absolute="http://elsewhere.example.com")
    assert links(sandbox, 0, limit=100) == ["http://elsewhere.example.com/v1/customers/?page=1&limit=100"]


def test_next_may_be_unparseable(sandbox):
    sandbox.fault(next_unparseable="?page=two")
    assert links(sandbox, 0, 2, limit=100) == ["?page=two", None]


def test_count_may_be_off_or_null(sandbox):
    sandbox.fault(count_off=-3)
    assert sandbox.page("/v1/customers/")["count"] == 297
    sandbox.fault(count_off=None, count_null=True)
    assert sandbox.page("/v1/customers/")["count"] is None


def test_a_page_in_the_middle_may_be_empty(sandbox):
    sandbox.fault(empty_page={"pages": [1]})
    page = sandbox.page("/v1/customers/", page=1, limit=100)
    assert page["results"] == []
    assert page["next"] == "?page=2&limit=100"


def test_rows_may_come_again_on_the_next_page(sandbox):
    stored = sandbox.stored_ids("customers")
    sandbox.fault(duplicates=2)
    assert sandbox.ids("/v1/customers/", limit=10) == stored[:10]
    assert sandbox.ids("/v1/customers/", limit=10, page=1) == stored[8:20]


def test_rows_may_be_left_out(sandbox):
    stored = sandbox.stored_ids("customers")
    sandbox.fault(holes={"pages": [1], "rows": 2})
    assert sandbox.ids("/v1/customers/", limit=10, page=1) == stored[10:18]
    assert sandbox.page("/v1/customers/", limit=10, page=1)["count"] == 300


def test_order_may_be_a_stable_shuffle(sandbox):
    sandbox.fault(shuffled="stable")
    pages = [sandbox.ids("/v1/customers/", limit=100, page=page) for page in range(3)]
    assert pages[0] == sandbox.ids("/v1/customers/", limit=100)
    read = [number for page in pages for number in page]
    assert sorted(read) == sandbox.stored_ids("customers")
    assert read != sandbox.stored_ids("customers")


def test_order_may_change_with_every_request(sandbox):
    sandbox.fault(shuffled="anew")
    assert sandbox.ids("/v1/customers/", limit=100) != sandbox.ids("/v1/customers/", limit=100)


def test_limit_may_be_ignored(sandbox):
    sandbox.fault(limit_ignored=25)
    assert len(sandbox.ids("/v1/customers/", limit=100)) == 25
    assert sandbox.ids("/v1/customers/", limit=100, page=1) == sandbox.stored_ids("customers")[25:50]


def test_filters_may_be_ignored(sandbox):
    sandbox.fault(filter_ignored=True)
    assert sandbox.page("/v1/customers/", id__lt=1)["count"] == 300


def test_with_may_be_ignored(sandbox):
    sandbox.fault(with_ignored=True)
    row = sandbox.page("/v1/subscriptions/", limit=1, **{"with": "customer,term"})["results"][0]
    assert not {"customer", "term", "billing"} & set(row)


def test_rows_may_appear_between_pages(changing):
    before = changing.stored_ids("customers")
    changing.fault(inserted={"resource": "customers", "every": 2, "rows": 3})
    counts = [changing.page("/v1/customers/")["count"] for _ in range(5)]
    assert counts == [300, 300, 303, 303, 306]
    after = changing.stored_ids("customers")
    assert after[:300] == before
    assert min(after[300:]) > max(changing.stored_ids("shipments"))


def test_rows_may_vanish_behind_what_was_served(changing):
    before = changing.stored_ids("orders")
    changing.fault(deleted={"resource": "orders", "rows": 2})
    served = changing.ids("/v1/orders/", limit=50)
    gone = set(before) - set(changing.stored_ids("orders"))
    assert len(gone) == 2
    assert gone <= set(served)
    assert changing.ids("/v1/orders/", limit=50, page=1)[0] == before[52]


def test_rows_may_vanish_anywhere(changing):
    before = changing.stored_ids("orders")
    changing.fault(deleted={"resource": "orders", "rows": 200, "where": "anywhere"})
    changing.page("/v1/orders/", limit=1)
    gone = set(before) - set(changing.stored_ids("orders"))
    assert len(gone) == 200
    assert max(gone) > before[len(before) // 2]
