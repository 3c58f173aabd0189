"""Files and values that are sent."""
