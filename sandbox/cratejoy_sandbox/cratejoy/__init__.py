"""A local Cratejoy: the merchant API of one store, read-only, over SQLite."""
