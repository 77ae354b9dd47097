"""Tags, links between tickets, merging, bulk changes, shortcuts that can be switched off"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0006'
down_revision = '0005'

MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql', 'mariadb')
NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
ON_MYSQL = {'mysql_charset': 'utf8mb4', 'mysql_collate': 'utf8mb4_bin', 'mysql_engine': 'InnoDB'}


def upgrade():
    op.add_column('people', sa.Column('shortcuts', sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table('tickets', table_kwargs={'sqlite_autoincrement': True}) as batch:
        batch.add_column(sa.Column('closed_as', sa.String(length=10)))
        batch.add_column(sa.Column('merged_into_id', NUMBER))
        batch.create_foreign_key(
            'fk_tickets_merged_into_id', 'tickets', ['merged_into_id'], ['id'], ondelete='SET NULL'
        )
    op.create_index('ix_tickets_merged_into_id', 'tickets', ['merged_into_id'])
    _tags()
    _links()
    _bulk()


def _tags():
    op.create_table(
        'tags',
        sa.Column('id', NUMBER, nullable=False),
        sa.Column('name', sa.String(length=30), nullable=False),
        sa.Column('folded', sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint('id', name='pk_tags'),
        sa.UniqueConstraint('folded', name='uq_tags_folded'),
        **ON_MYSQL,
    )
    op.create_table(
        'ticket_tags',
        sa.Column('ticket_id', NUMBER, nullable=False),
        sa.Column('tag_id', NUMBER, nullable=False),
        sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name='fk_ticket_tags_ticket_id', ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['tag_id'], ['tags.id'], name='fk_ticket_tags_tag_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('ticket_id', 'tag_id', name='pk_ticket_tags'),
        **ON_MYSQL,
    )
    op.create_index('ix_ticket_tags_tag_id_ticket_id', 'ticket_tags', ['tag_id', 'ticket_id'])


def _links():
    op.create_table(
        'ticket_links',
        sa.Column('ticket_id', NUMBER, nullable=False),
        sa.Column('other_id', NUMBER, nullable=False),
        sa.Column('kind', sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name='fk_ticket_links_ticket_id', ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['other_id'], ['tickets.id'], name='fk_ticket_links_other_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('ticket_id', 'other_id', 'kind', name='pk_ticket_links'),
        sa.CheckConstraint("kind IN ('related', 'blocks', 'duplicate', 'split')", name='ck_ticket_links_kind'),
        **ON_MYSQL,
    )
    op.create_index('ix_ticket_links_other_id', 'ticket_links', ['other_id'])


def _bulk():
    op.create_table(
        'bulk_jobs',
        sa.Column('id', NUMBER, nullable=False),
        sa.Column('person_id', NUMBER, nullable=False),
        sa.Column('acts', sa.JSON(), nullable=False),
        sa.Column('state', sa.String(length=10), nullable=False),
        sa.Column('total', sa.Integer(), nullable=False),
        sa.Column('created_at', MOMENT, nullable=False),
        sa.Column('finished_at', MOMENT),
        sa.ForeignKeyConstraint(['person_id'], ['people.id'], name='fk_bulk_jobs_person_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name='pk_bulk_jobs'),
        sa.CheckConstraint(
            "state IN ('waiting', 'done', 'cancelled', 'undoing', 'undone')", name='ck_bulk_jobs_state'
        ),
        **ON_MYSQL,
    )
    op.create_index('ix_bulk_jobs_state_id', 'bulk_jobs', ['state', 'id'])
    op.create_index('ix_bulk_jobs_person_id_id', 'bulk_jobs', ['person_id', 'id'])
    op.create_table(
        'bulk_items',
        sa.Column('job_id', NUMBER, nullable=False),
        sa.Column('ticket_id', NUMBER, nullable=False, autoincrement=False),
        sa.Column('state', sa.String(length=10), nullable=False),
        sa.Column('why', sa.String(length=300)),
        sa.Column('at', MOMENT),
        sa.ForeignKeyConstraint(['job_id'], ['bulk_jobs.id'], name='fk_bulk_items_job_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('job_id', 'ticket_id', name='pk_bulk_items'),
        sa.CheckConstraint(
            "state IN ('waiting', 'done', 'same', 'refused', 'undone', 'kept')", name='ck_bulk_items_state'
        ),
        **ON_MYSQL,
    )
    op.create_index('ix_bulk_items_job_id_state_ticket_id', 'bulk_items', ['job_id', 'state', 'ticket_id'])


def downgrade():
    for table in ('bulk_items', 'bulk_jobs', 'ticket_links', 'ticket_tags', 'tags'):
        op.drop_table(table)
    with op.batch_alter_table('tickets', table_kwargs={'sqlite_autoincrement': True}) as batch:
        batch.drop_constraint('fk_tickets_merged_into_id', type_='foreignkey')
        batch.drop_index('ix_tickets_merged_into_id')
        batch.drop_column('merged_into_id')
        batch.drop_column('closed_as')
    op.drop_column('people', 'shortcuts')
