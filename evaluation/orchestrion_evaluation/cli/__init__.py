"""`orchestrion eval`: planners measured on samples."""
