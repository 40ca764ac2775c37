"""Removing what a migration left on our side: rows, files, runs; and proving that nothing is left."""
