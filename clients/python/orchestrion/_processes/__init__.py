"""Servers as child processes of a program."""
