"""GPT-SoVITS: voice cloning from a few seconds of reference, with its public checkpoints."""
