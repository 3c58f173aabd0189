"""Images in and out, and what is drawn on them or found in them."""
