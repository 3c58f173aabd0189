"""What a request is about: files and links that are attached, or named in its words."""
