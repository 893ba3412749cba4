"""How the C library of Linux gives memory back: at once, and so that it stays flat.

By default glibc takes the first large block that is freed for a sign that such blocks should stay:
from then on they come from its heap, which is left with holes, and resident memory goes up to
several times what lives (`benchmarks.memory`, table of resident memory). With both thresholds
fixed every large block is the system's own and goes back when it is freed. That costs time: the
system has to empty the pages of each anew. Other C libraries do not read these names.
"""

from __future__ import annotations

from collections.abc import Mapping

MIB = 1 << 20

HEAP_ENVIRONMENT: Mapping[str, str] = {
    # Larger blocks are mapped on their own. Tensors of one token lie well below.
    "MALLOC_MMAP_THRESHOLD_": str(MIB),
    # So much may stay at the end of the heap: with less, small blocks would come and go there.
    "MALLOC_TRIM_THRESHOLD_": str(16 * MIB),
}
"""For a process that computes; read when it starts."""
