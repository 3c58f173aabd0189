"""`orchestrion chat`: many turns, each a run that continues the one before."""
