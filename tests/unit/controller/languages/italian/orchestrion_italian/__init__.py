"""Italian for Orchestrion: the folder `it` beside this file."""
