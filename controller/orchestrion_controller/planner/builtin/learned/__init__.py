"""Reading requests with a small trained encoder: for any library of task types, known or not."""
