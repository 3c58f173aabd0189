"""From what a request says to a plan: which files its words mean, what its amounts come to, and steps left unsaid."""
