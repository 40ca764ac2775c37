"""The shop itself, the app that asks, and things by their global id."""
