"""What planning costs: time and memory against the length of the text.

    python -m benchmarks.plan

Each length is planned in a process of its own, as the page would. A ratio of times close to the
ratio of lengths is linear; memory is what the process holds beyond the interpreter.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

LENGTHS = (10_000, 100_000, 1_000_000)
LANGUAGES = ("en", "ru", "de", "fr", "es", "it", "pt", "zh", "ja", "ko")
TEXTS = {
    "prose": "The old man walked slowly down to the sea. “Is it far?” she asked, and looked at the "
    "sky. It was not far, but the path was steep, and nobody had used it since the war.\n\n",
    "figures": "On 5 October 2026 at 14:30 Dr. Smith paid $3.50 for 5 km, i.e. 20 % of 1,234.5. "
    "Call 555-123-4567 or see https://example.com/a.b, p. 12.\n",
    "chinese": "委员会将于2026年10月5日再次开会，讨论新图书馆的提案。大家都很高兴！\n",
    "mixed": "Это первое предложение. This is the second sentence of it. Und das ist der dritte "
    "Satz hier. 这是第四句话。\n",
    "one word": "a",
    "no stops": "word ",
}


def _resident_bytes() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)


def measure(kind: str, n_chars: int) -> dict[str, float]:
    """Plan one text in this process."""
    bare = _resident_bytes()
    began = time.perf_counter()
    from core.text.planner import plan

    imported_s = time.perf_counter() - began
    unit = TEXTS[kind]
    text = (unit * (n_chars // len(unit) + 1))[:n_chars]
    plan("Warm up, 5 km.", max_chars=250, languages=LANGUAGES, language=None)
    began = time.process_time()
    planned = plan(text, max_chars=250, languages=LANGUAGES, language=None)
    return {
        "seconds": time.process_time() - began,
        "import_s": imported_s,
        "mib": (_resident_bytes() - bare) / 2**20,
        "segments": len(planned.segments),
    }


def main() -> None:
    print(f"{'text':10} {'characters':>10} {'CPU s':>8} {'ratio':>6} {'MiB':>6} {'segments':>8}")
    for kind in TEXTS:
        before: float | None = None
        for n_chars in LENGTHS:
            command = [sys.executable, "-m", "benchmarks.plan", kind, str(n_chars)]
            found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
            ratio = f"{found['seconds'] / before:.1f}" if before else ""
            before = found["seconds"]
            print(
                f"{kind:10} {n_chars:10,} {found['seconds']:8.2f} {ratio:>6} {found['mib']:6.1f} "
                f"{found['segments']:8,}"
            )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
    else:
        main()
