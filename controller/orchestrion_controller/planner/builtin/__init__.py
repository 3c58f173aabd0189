"""The planner that needs no language model; `planner.on_demand` loads it."""
