"""Models of sound: speech recognition and synthesis, classification, codecs, music."""
