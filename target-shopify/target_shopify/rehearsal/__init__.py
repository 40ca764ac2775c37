"""The shop as a run would leave it, for forecasts: reads are real, writes are imagined."""
