"""Reading and writing of pictures and sounds in workers."""
