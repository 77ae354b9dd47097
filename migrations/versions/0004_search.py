"""Search: a folded document for each ticket, and each database's own index over it"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from helpdesk.search_index.normalize import document
from migrations import steps

revision = '0004'
down_revision = '0003'

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
LONG = sa.Text().with_variant(mysql.MEDIUMTEXT(), 'mysql', 'mariadb')
BATCH = 500
TEXT_MAX = 250_000

SQLITE = (
    # The texts stay in search_texts; detail=none: phrases are looked up there. Beginnings of three to eight letters have
    # their own entries: without them all hits of all words that begin so would be merged before the first is given.
    "CREATE VIRTUAL TABLE search_index USING fts5(public_text, internal_text, content='search_texts',"
    " content_rowid='ticket_id', detail=none, columnsize=0, prefix='3 4 5 6 7 8', tokenize='ascii')",
    "CREATE TRIGGER search_texts_added AFTER INSERT ON search_texts BEGIN"
    " INSERT INTO search_index(rowid, public_text, internal_text)"
    " VALUES (new.ticket_id, new.public_text, new.internal_text); END",
    "CREATE TRIGGER search_texts_removed AFTER DELETE ON search_texts BEGIN"
    " INSERT INTO search_index(search_index, rowid, public_text, internal_text)"
    " VALUES ('delete', old.ticket_id, old.public_text, old.internal_text); END",
    "CREATE TRIGGER search_texts_changed AFTER UPDATE ON search_texts BEGIN"
    " INSERT INTO search_index(search_index, rowid, public_text, internal_text)"
    " VALUES ('delete', old.ticket_id, old.public_text, old.internal_text);"
    " INSERT INTO search_index(rowid, public_text, internal_text)"
    " VALUES (new.ticket_id, new.public_text, new.internal_text); END",
)
POSTGRES = (
    # A column, not only an expression in the index: for a common word the planner reads rows from the newest on.
    "ALTER TABLE search_texts ADD COLUMN words tsvector GENERATED ALWAYS AS"
    " (array_to_tsvector(array_remove(string_to_array(public_text || internal_text, ' '), ''))) STORED",
    "CREATE INDEX ix_search_texts_words ON search_texts USING gin (words)",
)


def upgrade():
    op.create_table(
        'search_texts',
        sa.Column('ticket_id', NUMBER, autoincrement=False, nullable=False),
        sa.Column('subject', sa.Text(), nullable=False),
        sa.Column('public_text', LONG, nullable=False),
        sa.Column('internal_text', LONG, nullable=False),
        sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name='fk_search_texts_ticket_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('ticket_id', name='pk_search_texts'),
        mysql_charset='utf8mb4',
        mysql_collate='utf8mb4_bin',
        mysql_engine='InnoDB',
    )
    op.create_index('ix_tickets_category_id_activity_at_id', 'tickets', ['category_id', 'activity_at', 'id'])
    # Filling a table and indexing it afterwards takes a fraction of the time; SQLite's triggers are no slower.
    _fill(op.get_bind())
    for statement in {'sqlite': SQLITE, 'postgresql': POSTGRES}.get(op.get_bind().dialect.name, ()):
        op.execute(statement)
    if op.get_bind().dialect.name == 'mysql':
        # The hidden document id stays hidden: with a column of our own for it, writers killed each other.
        columns = ['public_text', 'internal_text']
        op.create_index('ix_search_texts_words', 'search_texts', columns, mysql_prefix='FULLTEXT')
        if steps.has_index('tickets', 'fk_tickets_category_id'):  # An earlier downgrade made it.
            op.drop_index('fk_tickets_category_id', 'tickets')
    if op.get_bind().dialect.name == 'sqlite':
        op.execute("INSERT INTO search_index(search_index) VALUES ('rebuild')")


def downgrade():
    if op.get_bind().dialect.name == 'sqlite':
        op.execute('DROP TABLE search_index')
    op.drop_table('search_texts')
    if op.get_bind().dialect.name == 'mysql':
        # MariaDB lays no index of its own under the foreign key again when ours goes.
        op.create_index('fk_tickets_category_id', 'tickets', ['category_id'])
    op.drop_index('ix_tickets_category_id_activity_at_id', 'tickets')


def _fill(bind):
    """A document for every ticket that has none yet, BATCH at a time."""
    tickets = sa.table('tickets', *map(sa.column, ('id', 'subject', 'description')))
    messages = sa.table('messages', *map(sa.column, ('id', 'ticket_id', 'kind', 'body', 'withdrawn_at')))
    texts = sa.table('search_texts', *map(sa.column, ('ticket_id', 'subject', 'public_text', 'internal_text')))
    missing = sa.select(tickets).where(~sa.exists().where(texts.c.ticket_id == tickets.c.id)).order_by(tickets.c.id)
    last = 0
    while batch := bind.execute(missing.where(tickets.c.id > last).limit(BATCH)).fetchall():
        numbers = [row.id for row in batch]
        said = {}
        wanted = sa.select(messages).where(messages.c.ticket_id.in_(numbers), messages.c.withdrawn_at.is_(None))
        for row in bind.execute(wanted.order_by(messages.c.ticket_id, messages.c.id)):
            said.setdefault((row.ticket_id, row.kind), []).append(row.body)
        bind.execute(texts.insert(), [_document(row, said) for row in batch])
        last = numbers[-1]


def _document(row, said):
    public = document(row.subject, row.description, *said.get((row.id, 'reply'), []))
    internal = document(*said.get((row.id, 'note'), []))
    return {
        'ticket_id': row.id,
        'subject': document(row.subject),
        'public_text': _fitting(public),
        'internal_text': _fitting(internal),
    }


def _fitting(text):
    return text if len(text) <= TEXT_MAX else text[:TEXT_MAX].rpartition(' ')[0] + ' '
