"""What calls say, and how they are carried over connections that break."""
