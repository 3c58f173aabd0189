"""`orchestrion top`: what the platform does right now, from its metrics."""
