"""How the C library of Linux and oneDNN give memory back, so that it stays flat.

By default glibc moves its threshold with every large block that is freed: some blocks then come
from its heap and some are the system's own, which leaves holes, and resident memory goes up to
several times what lives (`benchmarks.memory`, table of resident memory). With the thresholds
fixed, and so high that the tensors of a chunk come from the heap, each finds the place of the one
before it. A low threshold (1 MiB) is flat too, but higher, and costs half as much time again: the
system empties the pages of every block anew. Other C libraries do not read these names.
"""

from __future__ import annotations

from collections.abc import Mapping

MIB = 1 << 20

HEAP_ENVIRONMENT: Mapping[str, str] = {
    # Larger blocks are mapped on their own; more than this glibc does not take.
    "MALLOC_MMAP_THRESHOLD_": str(32 * MIB),
    # So much may stay at the end of the heap: with less, a chunk's tensors would come and go there.
    "MALLOC_TRIM_THRESHOLD_": str(64 * MIB),
    # Otherwise each thread gets a heap of its own, and what one frees the others do not find.
    "MALLOC_ARENA_MAX": "1",
    # oneDNN keeps a plan for every shape it has seen, 1024 of them: sentences have as many
    # lengths, and 500 of them were 125 MB. A decoder of fixed windows has about 150 shapes.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256",
}
"""For a process that computes; read when it starts."""
