"""Reading and writing of images and sounds in workers."""
