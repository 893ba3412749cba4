"""Reading, judging and writing sound; samples are mono f32 in [-1, 1]."""
