"""Verification: the shop read back and compared with what should be there, a verdict for every staged row."""
