"""The live view of a run: its snapshot as lines, and how a terminal shows them."""
