"""Run the tap as `python -m tap_cratejoy`."""

from tap_cratejoy.cli import main

main()
