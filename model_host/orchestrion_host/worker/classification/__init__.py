"""What classifiers have in common, whichever runtime computes them: names of classes, and scores."""
