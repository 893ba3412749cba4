"""The engine that needs no download: a statistical or formant voice moved toward the reference."""
