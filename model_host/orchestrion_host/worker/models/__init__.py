"""Models on the classes of `transformers`: one module for each family of task types, which says what it takes."""
