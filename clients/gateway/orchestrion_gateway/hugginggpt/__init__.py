"""The three calls of HuggingGPT's own server (JARVIS), so that its clients work against a gateway."""
