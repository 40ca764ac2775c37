"""Customer documents: one row a customer with all that phase 2 carries, built in the staging database.

`kept` says which keys of the nested records go along, `staged` what there is to build from; `statements` holds the
steps as SQL (with `sql/`), `build` runs them in one transaction, `summary` tells what came of it.
"""
