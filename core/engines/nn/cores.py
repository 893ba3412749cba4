"""Work on a processor in parts that each have a core to themselves.

Torch divides every operation among the cores and waits for all of them at its end. A decoder has
hundreds of short ones, and a core that is busy with something else holds up each: on two cores with
other work on them, sound took five times as long as on one. Whole parts wait once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

from core.engines.nn.chunked import in_turn


def on_all_cores(parts: Sequence[Callable[[], None]]) -> None:
    """Do all parts, as many at a time as torch may use threads; which comes first is open.

    A part's result does not depend on how many threads there are. Where torch does not leave the
    number of its threads to each thread, and for a single part, it is one after the other.

    Args:
        parts: Independent of each other.

    Raises:
        Exception: What a part raised; parts that had not begun by then are left out.
    """
    n_threads = torch.get_num_threads()
    n_at_once = min(n_threads, len(parts))
    if n_at_once <= 1 or "ATen parallel backend: OpenMP" not in torch.__config__.parallel_info():
        in_turn(parts)
        return
    is_inference = torch.is_inference_mode_enabled()

    def run(part: Callable[[], None]) -> None:
        with torch.inference_mode(is_inference):  # each thread has its own mode
            part()

    pool = ThreadPoolExecutor(n_at_once, initializer=torch.set_num_threads, initargs=(1,))
    try:
        for future in [pool.submit(run, part) for part in parts]:
            future.result()
    finally:
        pool.shutdown(cancel_futures=True)
        # The number is of the thread that sets it, but threads to come begin with the last one set.
        torch.set_num_threads(n_threads)
