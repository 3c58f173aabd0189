"""Reading requests by a grammar: phrases, clauses and kinds, for task types that people have words for (their cues)."""
