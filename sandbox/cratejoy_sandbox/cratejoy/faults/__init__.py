"""Everything that can go wrong on purpose; the honest path knows only the calls in `effects`."""
