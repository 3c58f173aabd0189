"""Models on PyTorch, in folders by modality: a module for each family loads its models; `families/` has the table."""
