"""The web console: pages that start, watch, check and finish a migration; numbers and actions are the commands' own."""
