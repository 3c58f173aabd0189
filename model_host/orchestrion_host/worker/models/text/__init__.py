"""Models of text: encoders, decoders, encoder-decoders, heads."""
