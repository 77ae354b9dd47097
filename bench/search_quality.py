"""How well and how fast search finds: imports real tickets, looks for some of them by three of their own rare words,
and prints how often each was among the first ten; then the same for 300 queries as people type them
(typed_queries.py), and what each kind of search takes.

    .venv/bin/python bench/search_quality.py --csv it_tickets.csv.gz --server mysql://root@127.0.0.1/

Nothing is kept: the database is made for the run and dropped after it. See README.md.
"""

import argparse
import logging
import os
import random
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask_migrate import upgrade  # noqa: E402
from sqlalchemy import select, text  # noqa: E402

import config  # noqa: E402
from app import create_app  # noqa: E402
from bench import typed_queries  # noqa: E402
from bench.run import KEY  # noqa: E402
from helpdesk.accounts import people  # noqa: E402
from helpdesk.db import transactions  # noqa: E402
from helpdesk.import_export import importer  # noqa: E402
from helpdesk.import_export.import_file import examine  # noqa: E402
from helpdesk.query import language  # noqa: E402
from helpdesk.search import search, snippets  # noqa: E402
from helpdesk.search.filters import SearchContext  # noqa: E402
from helpdesk.search_index import index_words, indexer, reindexing  # noqa: E402
from models import Ticket, db  # noqa: E402
from tests.support.databases import empty_database  # noqa: E402

LOOKED_FOR = 500
KINDS = {
    "a rare word": "{rare}",
    "three rare words": "{rare} {rare2} {rare3}",
    "a common word": "{common}",
    "a rare and a common word": "{rare} {common}",
    "two common words": "{common} {common2}",
    "a phrase": '"{phrase}"',
    "a common word and three filters": "{common} status:open,new priority:normal created:<60d",
    "three filters": "status:open,new priority:normal created:<60d",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, required=True, help="tickets as import-tickets takes them")
    parser.add_argument("--server", help="a PostgreSQL or MySQL server; default: a SQLite file")
    parser.add_argument("--runs", type=int, default=50, help="how often each kind of search is timed (default 50)")
    wanted = parser.parse_args()
    os.environ["TEST_DATABASE_URL"] = wanted.server or ""
    with empty_database() as address:
        app = create_app({"DATABASE_URL": address, "SECRET_KEY": KEY, "PUBLIC_URL": "http://bench.example"})
        logging.getLogger("desk").setLevel("WARNING")
        with app.app_context():
            fill(wanted.csv)
            measure(address.partition(":")[0], wanted.runs)
            db.session.remove()
            db.engine.dispose()


def fill(path):
    upgrade(directory=str(config.HERE / "migrations"))
    began = time.perf_counter()
    outcome = importer.run(examine(path), host="bench.example", progress=lambda lines: None)
    print(f"{outcome.added} tickets imported in {time.perf_counter() - began:.0f} s")
    with transactions.writing():
        people.add("Agent", "agent@bench.example", role="agent", confirmed_at=transactions.now())
    began = time.perf_counter()
    reindexing.rebuild(lambda done: None)
    print(f"index rebuilt in {time.perf_counter() - began:.0f} s")
    for statement in {"postgresql": ["ANALYZE"], "mysql": ["ANALYZE TABLE tickets, search_texts"]}.get(
        db.engine.dialect.name, []
    ):
        db.session.execute(text(statement))
        db.session.commit()


def typed_as_people_type(name, asker):
    """Each pair is said in one ticket. Found: it is among the first ten that are listed for what is typed."""
    tickets = db.session.execute(select(Ticket.id, Ticket.subject, Ticket.description).order_by(Ticket.id)).all()
    spread = Counter(word for row in tickets for word in set(own_words(f"{row.subject} {row.description}")))
    rare = sorted(word for word, count in spread.items() if count <= 20 and word.isalpha() and len(word) > 4)
    wanted = typed_queries.pairs(rare)
    places = random.Random(typed_queries.SEED).sample([row.id for row in tickets], len(wanted))
    with transactions.writing():
        for number, pair in zip(places, wanted):
            ticket = db.session.get(Ticket, number)
            ticket.description = f"{ticket.description}\nIt says {pair.said} here."
            indexer.rewrite(ticket)
    found, missed = Counter(), []
    for number, pair in zip(places, wanted):
        hit = number in [row.id for row in run(pair.typed, asker).rows[:10]]
        found[pair.kind] += hit
        missed += [] if hit else [pair]
    print(f"{name}: as people type, {sum(found.values())} of {len(wanted)} among the first ten")
    for kind in typed_queries.KINDS:
        print(f"   {kind:32} {found[kind]:3} of {typed_queries.EACH}")
    for pair in missed[:15]:
        print(f"   missed: said “{pair.said}”, typed “{pair.typed}”")


def measure(name, runs):
    agent = people.by_address("agent@bench.example")
    asker = SearchContext(agent, ZoneInfo("UTC"), transactions.now())
    tickets = db.session.execute(select(Ticket.id, Ticket.subject, Ticket.description)).all()
    said = {row.id: list(dict.fromkeys(own_words(f"{row.subject} {row.description}"))) for row in tickets}
    spread = Counter(word for words in said.values() for word in words)
    chance = random.Random(7)
    looked_for = chance.sample(sorted(number for number in said if len(said[number]) >= 3), LOOKED_FOR)
    report_quality(name, looked_for, said, spread, asker)
    typed_as_people_type(name, asker)
    report_times(name, {row.id: row for row in tickets}, said, spread, asker, chance, runs)


def own_words(words):
    """Words as they stand in the text, that are found as they are."""
    return [
        word for word in index_words.WORD.findall(index_words.unaccented(words)) if word.isascii() and len(word) > 2
    ]


def report_quality(name, looked_for, said, spread, asker):
    found, missed = 0, []
    for number in looked_for:
        rare = sorted(said[number], key=lambda word: (spread[word], word))[:3]
        ids = [row.id for row in run(" ".join(rare), asker).rows[:10]]
        found += number in ids
        missed += [(number, rare)] if number not in ids else []
    print(f"{name}: {found} of {len(looked_for)} among the first ten")
    for number, rare in missed[:5]:
        print(f"   missed: #{number} by {' '.join(rare)}")


def report_times(name, tickets, said, spread, asker, chance, runs):
    common = [word for word, _count in spread.most_common(40)]
    numbers = sorted(number for number in said if len(said[number]) >= 6)
    print(f"{name}: milliseconds for the hits and their snippets, {runs} searches each: p50, p95, worst")
    for kind, pattern in KINDS.items():
        took = []
        for _run in range(runs):
            number = chance.choice(numbers)
            rare = sorted(said[number], key=lambda word: (spread[word], word))
            phrase = " ".join(own_words(tickets[number].description)[:2]) or rare[0]
            words = {"rare": rare[0], "rare2": rare[1], "rare3": rare[2], "phrase": phrase}
            words |= {"common": chance.choice(common), "common2": chance.choice(common)}
            began = time.perf_counter()
            run(pattern.format(**words), asker)
            took.append((time.perf_counter() - began) * 1000)
        p95 = statistics.quantiles(took, n=20)[-1]
        print(f"   {kind:32} {statistics.median(took):7.1f} {p95:7.1f} {max(took):7.1f}")


def run(typed, asker):
    wanted = language.parse(typed, search.known_to(asker.person))
    results = search.run(wanted, asker)
    snippets.of([row.id for row in results.rows], wanted, asker.person)
    db.session.rollback()
    return results


if __name__ == "__main__":
    main()
