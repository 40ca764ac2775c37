"""Singer tap for the Cratejoy merchant API."""
