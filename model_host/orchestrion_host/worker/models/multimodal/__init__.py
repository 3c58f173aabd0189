"""Models that relate images and text: CLIP, captioning, visual question answering, VLMs."""
