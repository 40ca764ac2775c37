"""The whole migration without a person beside it: what comes next, doing it, trying again, telling somebody."""
