"""Bulk operations: staged uploads, their storage, the runs in the background, and the result files."""
