"""Presence on tickets, replies taken back, mails seen as news"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from migrations import steps

revision = '0002'
down_revision = '0001'

MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql', 'mariadb')
NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade():
    _drafts('drafts')
    _move('carried_forms', 'drafts')
    op.create_table(
        'presences',
        sa.Column('ticket_id', NUMBER, nullable=False),
        sa.Column('person_id', NUMBER, nullable=False),
        sa.Column('writing', sa.Boolean(), nullable=False),
        sa.Column('at', MOMENT, nullable=False),
        sa.ForeignKeyConstraint(['person_id'], ['people.id'], name='fk_presences_person_id', ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name='fk_presences_ticket_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('ticket_id', 'person_id', name='pk_presences'),
        mysql_charset='utf8mb4',
        mysql_collate='utf8mb4_bin',
        mysql_engine='InnoDB',
    )
    op.create_index('ix_presences_at', 'presences', ['at'])
    op.add_column('deliveries', sa.Column('seen_at', MOMENT))
    # What was owed before there was a list of news was told by mail, and is none.
    op.execute("UPDATE deliveries SET seen_at = created_at")
    # The new index comes before the old one goes: MariaDB wants one under the foreign key at any time.
    op.create_index('ix_deliveries_person_id_seen_at_id', 'deliveries', ['person_id', 'seen_at', 'id'])
    op.create_index('ix_deliveries_person_id_id', 'deliveries', ['person_id', 'id'])
    op.drop_index('ix_deliveries_person_id', 'deliveries')
    op.add_column('messages', sa.Column('withdrawn_at', MOMENT))
    if op.get_bind().dialect.name == 'sqlite':
        # Browsers go on from an event's id, so none may be given a second time after the newest event was removed.
        with op.batch_alter_table('events', recreate='always', table_kwargs={'sqlite_autoincrement': True}):
            pass


def downgrade():
    if op.get_bind().dialect.name == 'sqlite':
        with op.batch_alter_table('events', recreate='always', table_kwargs={'sqlite_autoincrement': False}):
            pass
    op.drop_column('messages', 'withdrawn_at')
    op.create_index('ix_deliveries_person_id', 'deliveries', ['person_id'])
    op.drop_index('ix_deliveries_person_id_id', 'deliveries')
    op.drop_index('ix_deliveries_person_id_seen_at_id', 'deliveries')
    op.drop_column('deliveries', 'seen_at')
    op.drop_table('presences')
    _drafts('carried_forms')
    _move('drafts', 'carried_forms')


def _drafts(name):
    op.create_table(
        name,
        sa.Column('person_id', NUMBER, nullable=False),
        sa.Column('path', sa.String(length=120), nullable=False),
        sa.Column('fields', sa.JSON(), nullable=False),
        sa.Column('saved_at', MOMENT, nullable=False),
        sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=f'fk_{name}_person_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('person_id', 'path', name=f'pk_{name}'),
        mysql_charset='utf8mb4',
        mysql_collate='utf8mb4_bin',
        mysql_engine='InnoDB',
    )
    op.create_index(f'ix_{name}_saved_at', name, ['saved_at'])


def _move(old, new):
    columns = 'person_id, path, fields, saved_at'
    there = f'SELECT 1 FROM {new} WHERE {new}.person_id = {old}.person_id AND {new}.path = {old}.path'
    if steps.has_table(old):
        op.execute(f'INSERT INTO {new} ({columns}) SELECT {columns} FROM {old} WHERE NOT EXISTS ({there})')
    op.drop_table(old)
