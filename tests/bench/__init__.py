"""Benchmarks: `python -m tests.bench` measures, prints one table and writes docs/benchmarks.md.

`python -m tests.bench SECTION ...` measures these sections only and writes nothing.

What is measured runs as it does in earnest, whole processes through their command lines, against servers of our
own on loopback. Numbers of one run are comparable with each other; those of two machines, or of two days, are not.

    __main__.py    the command line: sizes, order, report
    reading.py     processor time a record: ours, the SDK's path, a plain SDK tap, the floor
    waiting.py     requests at once, and the ceiling
    memory.py      peak memory by size of the collection
    loading.py     tap and loader together
    documents.py   building the customer documents, and reading them
    sandbox.py     the local Shopify: its own speed
    direct.py      the direct lane: points used, THROTTLED
    bulk.py        the bulk lane: customers a second on one core, peak memory
    report.py      the table
    programs.py    the programs that are measured, their configuration, what each of them took
    plain_tap.py   what ours is compared with: a RESTStream tap in template style
    floor.py       what no tap can beat
    server.py      the page server, a program of its own
    customers.py   the customers it serves
    documents.sql  staged rows of any number of customers
    singer.py      customer documents as Singer messages, a program of its own
    instant_shop.py  a shop where nothing takes time, a program of its own
    database.py    an embedded PostgreSQL for a while
"""
