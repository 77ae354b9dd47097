"""Tickets that say certain words, newest first, by each database's own index; never every hit of a common word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from operator import and_ as and_bits
from types import SimpleNamespace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Row,
    Select,
    Subquery,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.postgresql import TSQUERY

from helpdesk.access import visibility
from helpdesk.db.statements import Param, Prepared, RoleKey, reader_of, role_key
from helpdesk.query.language import Query
from helpdesk.search import filters, word_sample
from helpdesk.search.filters import FEW, SearchContext
from helpdesk.search_index.normalize import Spelling, Term, together
from models import SearchText, Ticket, db

# As many hits as are put in order, and as many as are looked through for those that the filters let pass.
MOST = 1_000
DEEP = 5_000
# Hits may lie in the trash: so many more are fetched where there is no other filter.
IN_TRASH = 200
# PostgreSQL and MariaDB: a word that more than COMMON of the SAMPLE newest tickets say is common. Its hits are looked
# for among the newest tickets, wider and wider until there is a page of them, and not by the index.
SAMPLE = 1_000
COMMON = 5
WINDOWS = (2_000, 10_000)
# As many hits of one word as MariaDB's index may be made to fetch.
FETCHED = 10_000
ENOUGH = 50

# An index word, and whether it is only the beginning of one. Every hit has all words of one of these groups.
Word = tuple[str, bool]
Need = tuple[tuple[Word, ...], ...]


@dataclass(frozen=True)
class Hits:
    """Rows with `id`, `subject` (folded) and `length` of the public text, newest first. `all`: there are no others."""

    rows: Sequence[Row[int, str, int]]
    all: bool


def find(query: Query, asker: SearchContext) -> Hits:
    """The newest tickets the person may see that say all the words and pass all the filters."""
    where = filters.where(query.filters, asker)
    terms = together(query.terms)
    said = [says(term, asker) for term in terms]
    if query.filters or not asker.person.is_agent:
        few = list(db.session.scalars(select(Ticket.id).where(where).limit(FEW + 1)))
        if len(few) <= FEW:  # They need no index: their texts are looked through.
            return _among(few, said)
        if not asker.person.is_agent:
            return _hits_of(_rows().where(where, *said))
    if all(term.without for term in terms):
        return _hits_of(_rows().where(where, *said))
    if db.engine.dialect.name == "sqlite":
        loose = _loose(terms, said)
        return _by_fts5(terms, where, loose, DEEP if query.filters or loose else MOST + IN_TRASH)
    return _by_sample(terms, where, said, None if query.filters else asker)


def says(term: Term, asker: SearchContext) -> ColumnElement[bool]:
    """Whether the ticket's document holds the words side by side. Notes are looked into for agents only."""
    texts = [SearchText.public_text] + [SearchText.internal_text] * asker.person.is_agent
    said = or_(*(text.like(f"%{_phrase(spelling)}%") for spelling in term.spellings for text in texts))
    return ~said if term.without else said


def holds(term: Term, document: str) -> bool:
    """The same for one document in Python."""
    return any(_phrase(spelling) in document for spelling in term.spellings) is not term.without


def _phrase(spelling: Spelling) -> str:
    return f" {' '.join(spelling.words)}" + ("" if spelling.begun else " ")


def _rows() -> Select[int, str, int]:
    joined = select(Ticket.id, SearchText.subject, _length()).join(SearchText, SearchText.ticket_id == Ticket.id)
    return joined.order_by(Ticket.id.desc()).limit(MOST)


def _length() -> ColumnElement[int]:
    """In bytes, which are letters here; PostgreSQL would read the text to count letters."""
    length = func.octet_length if db.engine.dialect.name == "postgresql" else func.length
    return length(SearchText.public_text).label("length")


def _among(ids: list[int], said: list[ColumnElement[bool]]) -> Hits:
    return _hits_of(_rows().where(filters.numbered(ids), *said)) if ids else Hits([], True)


def _hits_of(wanted: Select[int, str, int], *, all: bool = True) -> Hits:
    rows = db.session.execute(wanted).all()
    return Hits(rows, all and len(rows) < MOST)


def _of(hits: FromClause) -> Select[int, str, int]:
    """The rows of these ids only: the list of ids comes first, whatever the planner thinks of it."""
    found = select(Ticket.id, SearchText.subject, _length()).select_from(hits).join(Ticket, Ticket.id == hits.c.id)
    return found.join(SearchText, SearchText.ticket_id == Ticket.id).order_by(Ticket.id.desc()).limit(MOST)


def _by_fts5(terms: list[Term], where: ColumnElement[bool], loose: list[ColumnElement[bool]], deep: int) -> Hits:
    """FTS5 gives hits newest first without finding all the others."""
    index = table("search_index", column("rowid", Integer), column("search_index"))
    wanted = _expression(_needs(terms), " AND ", " OR ", lambda word, begun: f'"{word}"' + "*" * begun)
    found = select(index.c.rowid.label("id")).where(index.c.search_index.op("MATCH")(wanted))
    newest = found.order_by(index.c.rowid.desc()).limit(deep).cte("newest")
    counted = select(func.count()).select_from(newest).scalar_subquery().label("looked_at")
    rows = db.session.execute(_of(newest).add_columns(counted).where(where, *loose)).all()
    looked_at = rows[0].looked_at if rows else db.session.scalar(select(counted)) or 0
    return Hits(rows, len(rows) < MOST and looked_at < deep)


def _needs(terms: list[Term]) -> list[Need]:
    """What the index is asked for: each word of a term that is spelled in one way, else the words of any spelling."""
    needs: list[Need] = []
    for term in terms:
        if term.others and not term.without:
            needs.append(_need(term))
        elif not term.without:
            needs += [((word,),) for word in _words(term.spellings[0])]
    return list(dict.fromkeys(needs))


def _need(term: Term) -> Need:
    return tuple(dict.fromkeys(map(_words, term.spellings)))


def _words(spelling: Spelling) -> tuple[Word, ...]:
    return tuple((word, spelling.begun and word is spelling.words[-1]) for word in dict.fromkeys(spelling.words))


def _expression(needs: list[Need], both: str, either: str, written: Callable[[str, bool], str]) -> str:
    """The needs in the language of FTS5 or of PostgreSQL."""
    groups = ([f"({both.join(written(*word) for word in group)})" for group in need] for need in needs)
    return both.join(f"({either.join(group)})" for group in groups)


def _loose(terms: list[Term], said: list[ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    """What an index of single words leaves open: phrases, and what must not be said."""
    return [one for term, one in zip(terms, said) if _is_loose(term)]


def _is_loose(term: Term) -> bool:
    return term.without or any(len(spelling.words) > 1 for spelling in term.spellings)


def _by_sample(
    terms: list[Term], where: ColumnElement[bool], said: list[ColumnElement[bool]], sees_all: SearchContext | None
) -> Hits:
    """The others find all hits of a word or none. How often it is said lately decides whether the index is asked.
    `sees_all` is who asks, where there are no filters.
    """
    needs, loose = _needs(terms), _loose(terms, said)
    looked_at, all_said, *counts = sample(needs, said if loose else None)
    if looked_at < SAMPLE:
        return _in_newest(SAMPLE, where, said, all=True)
    rarest = min(range(len(needs)), key=lambda i: (counts[i], -_telling(needs[i])))
    if counts[rarest] <= COMMON or (all_said <= COMMON and _index_copes(counts[rarest])):
        asked = [need for need, count in zip(needs, counts) if count <= COMMON] or needs
        if db.engine.dialect.name == "mysql":
            asked = [needs[rarest]]
        left = [one for term, one in zip(terms, said) if not _is_asked(term, asked)]
        if sees_all and not left:
            query, reader = _index_alone(role_key(sees_all.person), MOST, FETCHED), sees_all.person
            return _counted(query.ask(reader, SimpleNamespace(words=_wanted(asked))).all(), asked)
        return _by_index(asked, where, left)
    for size in WINDOWS:
        hits = _in_newest(size, where, said, all=False)
        if len(hits.rows) >= ENOUGH:
            break
    return hits


def _telling(need: Need) -> int:
    """Longer words are rarer ones. Of several groups the one with the shortest words counts."""
    return min(max(len(word) for word, _begun in group) for group in need)


def _index_copes(count: int) -> bool:
    """Whether all hits of a word that `count` of the sample say can be fetched. PostgreSQL need not fetch them."""
    newest = db.session.scalar(select(func.max(SearchText.ticket_id))) or 0
    return db.engine.dialect.name != "mysql" or count * newest <= FETCHED * SAMPLE


def _is_asked(term: Term, asked: list[Need]) -> bool:
    """Whether the index says all of it, so that no text has to be read."""
    return not _is_loose(term) and _need(term) in asked


def sample(needs: list[Need], said: Iterable[ColumnElement[bool]] | None = None) -> list[int]:
    """How many of the newest tickets were looked at, how many of these say all that is `said`, how many fit each need.

    Without `said`: how many fit all needs, by the sample in memory where the desk is large enough for one.
    """
    if said is None and (kept := word_sample.of_newest(SAMPLE)):
        each = [kept.fitting(need) for need in needs]
        return [kept.size, *(bits.bit_count() for bits in (reduce(and_bits, each), *each))]
    return _read_sample(needs, said or ())


def _read_sample(needs: list[Need], said: Iterable[ColumnElement[bool]]) -> list[int]:
    newest = _newest(SAMPLE)
    each = [or_(*(and_(*(_in_text(*word) for word in group)) for group in need)) for need in needs]
    sums = [func.sum(case((one, 1), else_=0)) for one in (and_(true(), *said), *each)]
    counted = select(func.count(), *sums).select_from(newest)
    row = db.session.execute(counted.join(SearchText, SearchText.ticket_id == newest.c.id)).one()
    return [int(count or 0) for count in row]


def _in_text(word: str, begun: bool) -> ColumnElement[bool]:
    pattern = f"% {word}" + ("%" if begun else " %")
    return or_(SearchText.public_text.like(pattern), SearchText.internal_text.like(pattern))


def _newest(size: int) -> FromClause:
    return select(SearchText.ticket_id.label("id")).order_by(SearchText.ticket_id.desc()).limit(size).subquery()


def _in_newest(size: int, where: ColumnElement[bool], said: list[ColumnElement[bool]], *, all: bool) -> Hits:
    return _hits_of(_of(_newest(size)).where(where, *said), all=all)


def _by_index(needs: list[Need], where: ColumnElement[bool], loose: list[ColumnElement[bool]]) -> Hits:
    """PostgreSQL skips through the hits of several words. MariaDB would fetch every hit of each, so it is asked for the
    rarest only. What is `loose` is read in the texts."""
    newest = _found(select(SearchText.ticket_id.label("id")), literal(_wanted(needs)), FETCHED)
    rows = db.session.execute(_of(newest).add_columns(newest.c.hits).where(where, *loose)).all()
    return _counted(rows, needs)


@cache
def _index_alone(kind: RoleKey, most: int, fetched: int) -> Prepared:
    """The same where nothing is left to be read in the texts. The rows come with the hits, and the query is kept."""
    reader, wanted = reader_of(kind), Param("wanted")
    columns = select(SearchText.ticket_id.label("id"), SearchText.subject, _length())
    newest = _found(columns, wanted.words, fetched)
    rows = select(newest).join(Ticket, Ticket.id == newest.c.id)
    rows = rows.where(visibility.visible_tickets(reader), Ticket.trashed_at.is_(None))
    return Prepared(rows.order_by(newest.c.id.desc()).limit(most), reader, wanted)


def _found(columns: Select[*tuple[Any, ...]], words: Any, fetched: int) -> Subquery:
    """The newest documents with these words, and how many there are in all as `hits`. PostgreSQL finds the hits by
    themselves: its plan for any word would walk through all tickets from the newest on in the hope of LIMIT.
    """
    found = columns.add_columns(func.count().over().label("hits")).where(_fits(words)).cte("found")
    found = found.prefix_with("MATERIALIZED", dialect="postgresql")
    return select(found).order_by(found.c.id.desc()).limit(2 * fetched).subquery()


def _counted(rows: Sequence[Any], needs: list[Need]) -> Hits:
    if len(rows) >= MOST:
        return Hits(rows, False)
    every = select(func.count()).select_from(SearchText).where(_fits(literal(_wanted(needs))))
    return Hits(rows, (rows[0].hits if rows else db.session.scalar(every) or 0) < 2 * FETCHED)


def _wanted(needs: list[Need]) -> str:
    """MariaDB is asked for the longest word of each group, and the rest is read in the texts."""
    if db.engine.dialect.name == "mysql":
        longest = ([max(group, key=lambda word: len(word[0])) for group in need] for need in needs)
        each = (" ".join(word + "*" * begun for word, begun in dict.fromkeys(words)) for words in longest)
        return " ".join(f"+({words})" for words in each)
    return _expression(needs, " & ", " | ", lambda word, begun: f"'{word}'" + ":*" * begun)


def _fits(words: Any) -> ColumnElement[bool]:
    if db.engine.dialect.name == "mysql":
        texts: list[Any] = [SearchText.public_text, SearchText.internal_text]
        return mysql.match(*texts, against=words).in_boolean_mode()
    return literal_column("search_texts.words").op("@@")(cast(words, TSQUERY))
