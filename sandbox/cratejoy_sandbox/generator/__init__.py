"""Believable stores from a seed."""
