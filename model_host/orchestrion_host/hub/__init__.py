"""The program that speaks to the Hugging Face Hub for the host, in a process of its own."""
