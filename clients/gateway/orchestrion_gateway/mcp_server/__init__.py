"""The platform for assistants: a server of the Model Context Protocol, over HTTP and over standard input and output."""
