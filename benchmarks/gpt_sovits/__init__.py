"""Speed and memory of GPT-SoVITS at full size, with random weights; one module per section."""
