"""The words a bench desk is filled with: real tickets where the file is at hand, else made-up ones as uneven."""

import csv
import gzip
import os
import random
from collections import Counter
from itertools import accumulate
from pathlib import Path

import config

REAL = "shared/data/it_tickets.csv.gz"
CATEGORIES = ["Access", "Hardware", "Network", "Purchase", "Software", "Storage"]
SYLLABLES = "ba de fi go lu ma ne pi ro sa te vu".split()
MADE_UP = 5000


def read():
    """Rows of subject, description and category. BENCH_TEXTS names a CSV (or CSV.gz) with these columns."""
    named = os.environ.get("BENCH_TEXTS")
    beside = [folder / REAL for folder in config.HERE.parents]
    path = Path(named) if named else next((file for file in beside if file.exists()), None)
    if path is None:
        return _made_up(random.Random(5))
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        return [(row["subject"], row["description"], row["category"]) for row in csv.DictReader(file)]


def _made_up(chance):
    """Words as in a language: a few are everywhere, most are rare (Zipf's law)."""
    words = ["".join(chance.choices(SYLLABLES, k=chance.randrange(2, 5))) for _ in range(8000)]
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
    found = []
    for _ in range(MADE_UP):
        text = chance.choices(words, cum_weights=weights, k=chance.randrange(10, 90))
        found.append((" ".join(text[:9])[:150], " ".join(text), chance.choice(CATEGORIES)))
    return found


def rare_and_common(texts):
    """A word of very few of these texts, and one of very many."""
    seen = Counter(word for _subject, text, _category in texts for word in set(text.split()) if word.isalpha())
    long = [(word, count) for word, count in seen.items() if len(word) > 5]
    rare = min(long, key=lambda one: (one[1], -len(one[0]), one[0]))
    common = max(long, key=lambda one: (one[1], one[0]))
    return rare[0], common[0]
