"""Reading and writing of media in workers: images, audio, videos and tables."""
