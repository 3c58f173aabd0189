"""Responders: each turns the results of a plan into an answer (`orchestrion_controller.stages.Responder`)."""
