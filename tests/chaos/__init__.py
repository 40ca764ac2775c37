"""The chaos suite: the whole pipeline under random faults and random kills, round after round, each from a seed."""
