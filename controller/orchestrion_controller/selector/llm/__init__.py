"""Policy `llm`: a language model chooses among the best candidates, for all tasks of a plan in one call."""
