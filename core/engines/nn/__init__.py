"""Neural parts that several engines share; the only packages of the core that import torch."""
