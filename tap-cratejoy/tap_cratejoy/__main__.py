"""Run the tap as `python -m tap_cratejoy`."""

from tap_cratejoy.tap import main

main()
