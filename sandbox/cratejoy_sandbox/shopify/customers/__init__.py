"""Customers: their records, their rules, and the queries and mutations on them."""
