"""Which public checkpoints there are, where they lie, how large they are and under which licence.

Torch-free, no network. Revision, sizes and checksums were not measured on the hub itself: they are
what independent public projects that pin the same revision agree on; for v1 one project gives the
checksums, and the sizes are counted from the tensors. The hub's own word is asked for each file
before it is fetched, and a file that differs from what stands here is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import MissingError

GPT_SOVITS = "lj1995/GPT-SoVITS"
REVISION = "336b2ec4e8d4ac74740798dd40af44e74659ecaf"
MORE = "XXXXRT/GPT-SoVITS-Pretrained"
"""Where the authors' own instructions send people for g2pW."""
MORE_REVISION = "0c47645e02a7bc3688d7b263b0042c81e3cd82cd"


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """
    Args:
        path: In the repository, and below the folder of downloads.
        size_bytes: Of the file; an estimate where `is_exact` is false.
        sha256: Of its content; None: the hub is asked, and what came is written down.
        is_exact: Whether the size is known to the byte.
        members: Of a zip file, the files that are taken out of it: their paths in it and below
            the folder of downloads. The zip file itself is not kept.
        unpacked_bytes: Most that they take.
    """

    path: str
    size_bytes: int
    sha256: str | None = None
    is_exact: bool = True
    members: tuple[str, ...] = ()
    unpacked_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Item:
    """Something to fetch in one go.

    Args:
        name: Identifier.
        title: For people.
        repository: On the hub, `owner/name`.
        revision: Commit that all files are taken from.
        licence: As its authors give it.
        files: What belongs to it.
        place: Folder or file below the folder of downloads that holds all of it.
        needs: Names of items that it cannot be used without.
        wishes: Names of items that only some languages need.
    """

    name: str
    title: str
    repository: str
    revision: str
    licence: str
    files: tuple[RemoteFile, ...]
    place: str = "."
    needs: tuple[str, ...] = ()
    wishes: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


def _item(
    name: str,
    title: str,
    *files: RemoteFile,
    repository: str = GPT_SOVITS,
    revision: str = REVISION,
    licence: str = "MIT",
    place: str = ".",
    needs: tuple[str, ...] = (),
    wishes: tuple[str, ...] = (),
) -> Item:
    return Item(
        name=name,
        title=title,
        repository=repository,
        revision=revision,
        licence=licence,
        files=files,
        place=place,
        needs=needs,
        wishes=wishes,
    )


HUBERT = "chinese-hubert-base"
BERT = "chinese-roberta-wwm-ext-large"
SPEAKER = "sv"
POLYPHONES = "g2pw"

_S1_PRO = RemoteFile(
    path="s1v3.ckpt",
    size_bytes=155_284_856,
    sha256="87133414860ea14ff6620c483a3db5ed07b44be42e2c3fcdad65523a729a745a",
)

ITEMS = (
    _item(
        HUBERT,
        "Chinese HuBERT base (hears the reference)",
        RemoteFile(
            path=f"{HUBERT}/config.json",
            size_bytes=1_449,
            sha256="c3e5060a1277e0f078cc6be9da4528a605dba6ece93018981fe2c820e5c7b103",
        ),
        RemoteFile(
            path=f"{HUBERT}/preprocessor_config.json",
            size_bytes=212,
            sha256="dcd684124d06722947939d41ea6ae58dbf10968c60a11a29f23ddc602c64a29b",
        ),
        RemoteFile(
            path=f"{HUBERT}/pytorch_model.bin",
            size_bytes=188_811_417,
            sha256="24164f129c66499d1346e2aa55f183250c223161ec2770c0da3d3b08cf432d3c",
        ),
        place=HUBERT,
    ),
    _item(
        BERT,
        "Chinese RoBERTa large (reads Chinese)",
        RemoteFile(
            path=f"{BERT}/config.json",
            size_bytes=963,
            sha256="3d57de2fd7e80d0e5c8ff194f0bbb6baa10df7e43fc262a0cc71298a78b0a3e5",
        ),
        RemoteFile(
            path=f"{BERT}/tokenizer.json",
            size_bytes=268_962,
            sha256="173796956820ea27bd14f76bf28162607ff4254807e2948253eb5b46f5bb643b",
        ),
        RemoteFile(
            path=f"{BERT}/pytorch_model.bin",
            size_bytes=651_225_145,
            sha256="e53a693acc59ace251d143d068096ae0d7b79e4b1b503fa84c9dcf576448c1d8",
        ),
        licence="Apache-2.0",
        place=BERT,
    ),
    _item(
        SPEAKER,
        "ERes2NetV2 (knows speakers; for v2Pro and v2ProPlus)",
        RemoteFile(
            path="sv/pretrained_eres2netv2w24s4ep4.ckpt",
            size_bytes=107_528_697,
            sha256="4f5a0bf73c61eb41b174e1bb54e7ee3c83233892be8e0af1f187024e8e581a35",
        ),
        licence="Apache-2.0",
        place="sv/pretrained_eres2netv2w24s4ep4.ckpt",
    ),
    _item(
        "v2ProPlus",
        "GPT-SoVITS v2ProPlus, official voice",
        _S1_PRO,
        RemoteFile(
            path="v2Pro/s2Gv2ProPlus.pth",
            size_bytes=200_125_741,
            sha256="d42a22bbbf65fb2bbdd45ad6a66841156977db45c7aabe0a6992ff378d9c7d3b",
        ),
        needs=(HUBERT, SPEAKER),
        wishes=(BERT,),
    ),
    _item(
        "v2Pro",
        "GPT-SoVITS v2Pro, official voice",
        _S1_PRO,
        RemoteFile(
            path="v2Pro/s2Gv2Pro.pth",
            size_bytes=162_303_657,
            sha256="0f8ead815234365edf045c6d86370ed6e4f440e8195be77ff0ea72684ad406a5",
        ),
        needs=(HUBERT, SPEAKER),
        wishes=(BERT,),
    ),
    _item(
        "v2",
        "GPT-SoVITS v2, official voice",
        RemoteFile(
            path="gsv-v2final-pretrained/s1bert25hz-5kh-longer-epoch=12-step=369668.ckpt",
            size_bytes=155_315_150,
            sha256="732f94e63b148066e24c7f9d2637f3374083e637635f07fbdb695dee20ddbe1f",
        ),
        RemoteFile(
            path="gsv-v2final-pretrained/s2G2333k.pth",
            size_bytes=106_035_259,
            sha256="924fdccaa3c574bf139c25c9759aa1ed3b3f99e19a7c529ee996c2bc17663695",
        ),
        needs=(HUBERT,),
        wishes=(BERT,),
    ),
    _item(
        "v1",
        "GPT-SoVITS v1, official voice",
        RemoteFile(
            path="s1bert25hz-2kh-longer-epoch=68e-step=50232.ckpt",
            size_bytes=155_060_000,
            sha256="b1c1e17e9c99547a89388f72048cd6e1b41b5a18b170e86a46dfde0324d63eb1",
            is_exact=False,
        ),
        RemoteFile(
            path="s2G488k.pth",
            size_bytes=105_960_000,
            sha256="020a014e1e01e550e510f2f61fae5e5f5b6aab40f15c22f1f12f724df507e835",
            is_exact=False,
        ),
        needs=(HUBERT,),
        wishes=(BERT,),
    ),
    _item(
        POLYPHONES,
        "g2pW (reads Chinese better; not needed)",
        RemoteFile(
            path="G2PWModel.zip",
            size_bytes=588_856_634,
            sha256="46292be0374a49308069233cd5c147ae4c41806558e4781a2467a31a4d8099da",
            members=(
                "G2PWModel/g2pW.onnx",
                "G2PWModel/POLYPHONIC_CHARS.txt",
                "G2PWModel/MONOPHONIC_CHARS.txt",
                "G2PWModel/bopomofo_to_pinyin_wo_tune_dict.json",
            ),
            # The network has 635,212,732, by those who publish its checksum; the tables are small.
            unpacked_bytes=640_000_000,
        ),
        repository=MORE,
        revision=MORE_REVISION,
        licence="Apache-2.0",
        place="G2PWModel",
        needs=(BERT,),
    ),
)


def item(name: str, items: tuple[Item, ...] = ITEMS) -> Item:
    """By its name. Raises MissingError."""
    for one in items:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in items)
    raise MissingError(f"There is nothing called “{name[:40]}” to download.", f"There is: {known}.")


def with_needs(name: str, *, wishes: bool = True, items: tuple[Item, ...] = ITEMS) -> list[str]:
    """An item and what it takes to use it, in the order in which they should be fetched.

    Args:
        name: Of the item.
        wishes: Also what only some languages need.
        items: The catalogue.
    """
    one = item(name, items)
    return [*one.needs, name, *(one.wishes if wishes else ())]
