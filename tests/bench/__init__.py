"""Benchmarks of the collection: `python -m tests.bench` measures, prints one table and writes docs/benchmarks.md.

What is measured runs as it does in earnest, whole processes through their command lines, against a page server of our
own on loopback. Numbers of one run are comparable with each other; those of two machines, or of two days, are not.

    __main__.py    the command line: sizes, order, report
    reading.py     processor time a record: ours, the SDK's path, a plain SDK tap, the floor
    waiting.py     requests at once, and the ceiling
    memory.py      peak memory by size of the collection
    loading.py     tap and loader together
    report.py      the table
    programs.py    the programs that are measured, their configuration, what each of them took
    plain_tap.py   what ours is compared with: a RESTStream tap in template style
    floor.py       what no tap can beat
    server.py      the page server, a program of its own
    customers.py   the customers it serves
"""
