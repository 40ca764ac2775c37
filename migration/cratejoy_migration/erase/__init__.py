"""Removing one person from our side: rows, mentions in the rows of others, lines of reports; and keeping them out."""
