"""Planners: each turns a request into a plan of typed tasks (`orchestrion_controller.stages.Planner`)."""
