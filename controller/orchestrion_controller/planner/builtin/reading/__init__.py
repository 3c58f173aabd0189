"""The reader: what each word of a request is there for, which steps that asks for, and what feeds what."""
