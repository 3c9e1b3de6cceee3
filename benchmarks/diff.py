"""What the comparison of two submissions costs on one core, on common pairs and on the worst ones.

python -m benchmarks.diff
"""

from __future__ import annotations

import random
import sys
import time

from bot.engine.diff import paragraphs

LIMIT, ROUNDS = 0.2, 5  # seconds
_SENTENCE = "村里把院坝会开在田间地头，谁家有难处当场说，当场定谁来办、几天办完，办完了再回来讲一遍结果。"


def _text(chance: random.Random, size: int) -> str:
    return "".join(
        "，" if chance.random() < 0.08 else chr(0x4E00 + int(chance.random() ** 3 * 2500)) for _ in range(size)
    )


def _edited(chance: random.Random, text: str, share: float) -> str:
    return "".join(chr(0x4E00 + chance.randrange(2500)) if chance.random() < share else one for one in text)


def pairs() -> dict[str, tuple[list[str], list[str]]]:
    """Old and new paragraphs, by name."""
    chance = random.Random(7)
    found = {}
    for count, size in ((24, 250), (80, 250), (200, 100), (1, 20_000), (2_000, 10)):
        old = [_text(chance, size) for _ in range(count)]
        name = f"{count} x {size}"
        found[f"{name}, each changed a little"] = old, [_edited(chance, text, 0.03) for text in old]
        found[f"{name}, each changed much"] = old, [_edited(chance, text, 0.4) for text in old]
        found[f"{name}, entirely different"] = old, [_text(chance, size) for _ in old]
        found[f"{name}, in another order"] = old, chance.sample(old, len(old))
    for count in (20, 200):
        same = [_SENTENCE * (400 // count)] * count
        found[f"equal sentences in {count}, each changed"] = same, [_edited(chance, text, 0.02) for text in same]
    found["equal sentences in one, changed"] = [_SENTENCE * 400], [_edited(chance, _SENTENCE * 400, 0.01)]
    found["one character 20,000 times, and fewer"] = ["哈" * 20_000], ["哈好" * 9_000]
    return found


def main() -> int:
    """Prints the slowest and the fastest of each; 1 when a limit is missed."""
    missed = 0
    for name, (old, new) in pairs().items():
        took = []
        for _ in range(ROUNDS):
            start = time.process_time()
            paragraphs(old, new)
            took.append(time.process_time() - start)
        missed += max(took) > LIMIT
        print(
            f"{name:45} {min(took) * 1000:6.0f} to {max(took) * 1000:4.0f} ms{'  MISSED' if max(took) > LIMIT else ''}"
        )
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
