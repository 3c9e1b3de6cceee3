"""What a document and a photo cost: CPU seconds and memory, each in a process of its own.

    python -m benchmarks.paper

The document has 6,000 字 in six sections and five prepared pictures; the photo is a 4000 × 3000 JPEG.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from datetime import date
from io import BytesIO

CPU_LIMIT, MEMORY_LIMIT = 0.15, 130  # seconds, MB
_SENTENCE = "村里把院坝会开在田间地头，谁家有难处当场说，当场定谁来办、几天办完，办完了再回来讲一遍结果。"


def _document() -> None:
    from bot.engine.content import Block, Content, ContentSection, Picture
    from bot.paper.layout import load_layout
    from bot.paper.pictures import prepare
    from bot.paper.word import write
    from bot.paper.words import load_words
    from tests.pictures import jpeg

    photos = {str(n): prepare(jpeg(1280 + n, 960)) for n in range(5)}
    each = -(-1000 // (2 * len(_SENTENCE)))
    sections = tuple(
        ContentSection(id=f"s{n}", n=n, heading="主要做法", blocks=tuple(
            Block(id=f"s{n}/q/{b}/0", text=_SENTENCE * 2) for b in range(each)))
        for n in range(1, 7)
    )  # fmt: skip
    pictures = tuple(Picture(id=f"p{n}", n=n + 1, file=str(n), name="", caption="院坝会现场", width=1280, height=960)
                     for n in range(5))  # fmt: skip
    content = Content(call="bench", title="片长进院坝，小事不出片", unit="云溪县石桥镇槐树村", sections=sections,
                      pictures=pictures)  # fmt: skip
    spent = []
    for _ in range(6):
        begun = time.process_time()
        out = BytesIO()
        write(content, load_layout("gbt9704"), picture=photos.__getitem__, out=out, words=load_words(),
              dated=date(2026, 11, 22))  # fmt: skip
        spent.append(time.process_time() - begun)
    print(f"{content.words()} {spent[0]:.4f} {sorted(spent[1:])[2]:.4f} {len(out.getvalue())} {_peak()}")


def _photo() -> None:
    from bot.paper.pictures import prepare
    from tests.pictures import jpeg, twelve_megapixels

    photo = twelve_megapixels()
    before = _peak()
    prepare(jpeg(100, 100))  # what the first photo of a process pays for loading is not the photo's
    spent = []
    for _ in range(5):
        begun = time.process_time()
        prepare(photo)
        spent.append(time.process_time() - begun)
    print(f"{sorted(spent)[2]:.4f} {before} {_peak()}")


def _peak() -> int:
    """The most memory this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _alone(what: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.paper", what], check=True, capture_output=True, text=True, timeout=120
    )
    return done.stdout.split()


def main() -> int:
    """Print the figures; 1 where the document costs more than it may."""
    words, first, usual, size, peak = _alone("document")
    print(f"document: {words} 字, 5 pictures, {int(size) // 1024} KB: {usual} s CPU (the first {first} s), {peak} MB")
    cpu, before, after = _alone("photo")
    print(f"photo of 12 MP: {cpu} s CPU, {after} MB ({before} MB of it for making the test photo)")
    return int(float(usual) > CPU_LIMIT or int(peak) > MEMORY_LIMIT)


if __name__ == "__main__":
    if sys.argv[1:] == ["document"]:
        _document()
    elif sys.argv[1:] == ["photo"]:
        _photo()
    else:
        sys.exit(main())
