"""The catalogue: facts of models in YAML, one file a model, and whether each can run here."""
