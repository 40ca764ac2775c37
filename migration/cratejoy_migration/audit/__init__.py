"""Whether everything Cratejoy holds is staged: counts, pages with holes, and how the holes are closed."""
