"""The main colors of pictures: an expert and a planner for Orchestrion."""
