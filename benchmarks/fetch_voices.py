"""Lays out real speakers to measure with, from Debian's telephone prompts; nothing is kept here.

    python -m benchmarks.fetch_voices OUT

needs `apt-get` and `dpkg` (Debian, Ubuntu). The recordings are CC-BY-SA-3.0 (see the packages'
copyright files): good for measuring, not for shipping. To lay out other speakers by hand, make
one folder per speaker:

    OUT/<speaker>/reference.flac      about 10 s to clone from
    OUT/<speaker>/held/*.flac         other sentences of the same speaker, never cloned from
    OUT/<speaker>/voice.json          {"voice": name, "language": "it",
                                       "reference_joined": {"file", "text"},
                                       "held": [{"file", "text"}, ...]}
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import tempfile
from pathlib import Path

import av
import numpy as np
import soundfile

PACKAGES = {
    "en_allison_f": ("en", "en_US_f_Allison"),
    "it_carlo_m": ("it", "it_IT_m_Carlo"),
    "fr_june_f": ("fr", "fr_CA_f_June"),
    "ru_ivr_f": ("ru", "ru_RU_f_IvrvoiceRU"),
    "es_allison_f": ("es", "es_MX_f_Allison"),
}
"""Speaker -> language of the package, folder inside it."""

REFERENCE = ("agent-pass", "queue-youarenext", "agent-alreadyon")
"""Joined until there are `ENOUGH_S`."""

ENOUGH_S = 8.5
HELD = (
    "confbridge-inc-list-vol-in",
    "confbridge-lock-no-join",
    "confbridge-rest-talk-vol-in",
    "feature-not-avail-line",
    "followme/sorry",
    "at-tone-time-exactly",
    "confbridge-rest-list-vol-out",
    "confbridge-begin-glorious-a",
    "vm-invalid-password",
    "priv-callpending",
    "vm-msgforwarded",
)
RATE = 16_000
GAP_S = 0.35


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as scratch:
        for speaker, (language, folder) in PACKAGES.items():
            lay_out(speaker, language, folder, Path(scratch), out / speaker)
            print(out / speaker)


def lay_out(speaker: str, language: str, folder: str, scratch: Path, out: Path) -> None:
    """Download one language's packages and write one speaker's folder."""
    names = [f"asterisk-core-sounds-{language}-g722", f"asterisk-core-sounds-{language}"]
    subprocess.run(["apt-get", "download", "-q", *names], cwd=scratch, check=True)
    for name in names:
        (deb,) = scratch.glob(f"{name}_*.deb")
        subprocess.run(["dpkg", "-x", str(deb), str(scratch)], check=True)
    share = scratch / "usr/share"
    texts = read_texts(share / f"doc/{names[1]}/core-sounds-{language}.txt.gz")
    sounds = share / "asterisk/sounds" / folder
    (out / "held").mkdir(parents=True, exist_ok=True)
    used: list[str] = []
    sound = np.zeros(0, np.float32)
    for name in REFERENCE:
        if len(sound) < ENOUGH_S * RATE:
            gap = np.zeros(round(GAP_S * RATE) if used else 0, np.float32)
            sound = np.concatenate([sound, gap, read_g722(sounds / f"{name}.g722")])
            used.append(name)
    soundfile.write(out / "reference.flac", sound, RATE)
    held = []
    for name in HELD:
        if name in texts and (sounds / f"{name}.g722").exists():
            file = f"held/{name.replace('/', '_')}.flac"
            soundfile.write(out / file, read_g722(sounds / f"{name}.g722"), RATE)
            held.append({"file": file, "text": texts[name]})
    about = {
        "voice": speaker,
        "language": language,
        "licence": f"CC-BY-SA-3.0, Debian package {names[0]}",
        "reference_joined": {
            "file": "reference.flac",
            "text": " ".join(texts[name].rstrip(" .") + "." for name in used),
        },
        "held": held,
    }
    (out / "voice.json").write_text(json.dumps(about, ensure_ascii=False, indent=1))


def read_texts(path: Path) -> dict[str, str]:
    """Prompt name -> what is said in it."""
    lines = gzip.decompress(path.read_bytes()).decode("utf-8-sig", "replace").splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line and not line.startswith(";"))
    return {name.strip(): text.strip() for name, text in pairs}


def read_g722(path: Path) -> np.ndarray:
    """f32 [T] at 16 kHz."""
    with av.open(str(path), format="g722") as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    return np.concatenate(frames).astype(np.float32) / 32768


if __name__ == "__main__":
    main()
