"""Models of images: classes, objects, segments, depth, poses, enlarging."""
