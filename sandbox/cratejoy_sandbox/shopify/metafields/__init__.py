"""Metafields: definitions, values, owners, and the queries and mutations on them."""
