"""Trains the built-in planner's encoder: `python -m training.planner`, or `make train-planner`."""
