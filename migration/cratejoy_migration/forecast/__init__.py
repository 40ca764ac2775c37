"""Foretelling phase 2: every document through the target without a write, and what a person has to know of it."""
