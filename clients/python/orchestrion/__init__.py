"""Talks to an Orchestrion controller: the SDK, the command line and the names and values both sides share."""
