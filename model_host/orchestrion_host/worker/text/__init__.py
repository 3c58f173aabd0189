"""What is done with texts beside running models: sentences, passages, and what follows from vectors."""
