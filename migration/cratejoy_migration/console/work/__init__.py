"""Runs that outlive the browser: what is to be done, the process that does it, and its record."""
