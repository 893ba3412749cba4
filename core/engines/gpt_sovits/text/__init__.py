"""Text to the phonemes GPT-SoVITS was trained on; knows no torch."""
