"""The models of a host: its catalogue as it changes while the host runs, and the Hub behind it."""
