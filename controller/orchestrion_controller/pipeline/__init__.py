"""The pipeline: Plan, Select, Execute and Respond, each alone or chained and overlapping."""
