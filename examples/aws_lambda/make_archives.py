"""Makes up archives of orders to learn from and to try the function on: `python make_archives.py archives`."""

import csv
import io
import random
import sys
import zipfile
from pathlib import Path

BYTES = (30_000, 3_000_000)  # unpacked, from the smallest to the largest


def make_archives(folder: Path, count: int, seed: int, sizes: tuple[float, float] = BYTES) -> list[Path]:
    """Write archives whose sizes are spread evenly over the orders of magnitude; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = random.Random(seed)
    ratio = sizes[1] / sizes[0]
    paths = []
    for number in range(count):
        path = folder / f"{number:03}.zip"
        make_archive(path, int(sizes[0] * ratio ** generator.random()), generator)
        paths.append(path)
    return paths


def make_archive(path: Path, size: int, generator: random.Random) -> None:
    """Write one archive that unpacks to about this many bytes, in one table or several.

    Its shops write many different notes or few, so that it is packed poorly or well.
    """
    words = [f"{generator.getrandbits(64):x}" for _ in range(generator.choice((4, 40, 40_000)))]
    shops = generator.randint(1, 4)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for shop in range(shops):
            archive.writestr(f"shop-{shop}.csv", _table(size // shops, words, generator))


def _table(size: int, words: list[str], generator: random.Random) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("order", "customer", "article", "amount", "note"))
    order = generator.randrange(1_000_000)
    while text.tell() < size:
        order += 1
        note = " ".join(generator.choices(words, k=2))
        customer, article = generator.randrange(1_000), generator.randrange(10_000)
        writer.writerow((order, f"C{customer}", f"A{article}", f"{generator.random() * 1000:.2f}", note))
    return text.getvalue()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("give the folder to write to: python make_archives.py archives")
    print(f"wrote {len(make_archives(Path(sys.argv[1]), 30, seed=1))} archives into {sys.argv[1]}")
