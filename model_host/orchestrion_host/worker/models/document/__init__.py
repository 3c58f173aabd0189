"""Models of pages and tables."""
