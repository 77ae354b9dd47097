"""Imports of tickets, so that one can be taken back as a whole"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0011'
down_revision = '0010'

MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql', 'mariadb')
NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
ON_MYSQL = {'mysql_charset': 'utf8mb4', 'mysql_collate': 'utf8mb4_bin', 'mysql_engine': 'InnoDB'}


def upgrade():
    op.create_table(
        'imports',
        sa.Column('id', NUMBER, nullable=False),
        sa.Column('person_id', NUMBER),
        sa.Column('file_name', sa.String(length=255), nullable=False),
        sa.Column('added', sa.Integer(), nullable=False),
        sa.Column('known', sa.Integer(), nullable=False),
        sa.Column('left_out', sa.Integer(), nullable=False),
        sa.Column('started_at', MOMENT, nullable=False),
        sa.Column('finished_at', MOMENT),
        sa.Column('taken_back_at', MOMENT),
        sa.ForeignKeyConstraint(['person_id'], ['people.id'], name='fk_imports_person_id', ondelete='SET NULL'),
        sa.PrimaryKeyConstraint('id', name='pk_imports'),
        **ON_MYSQL,
    )
    op.create_table(
        'imported_tickets',
        sa.Column('import_id', NUMBER, nullable=False),
        sa.Column('ticket_id', NUMBER, nullable=False),
        sa.Column('last_event_id', NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ['import_id'], ['imports.id'], name='fk_imported_tickets_import_id', ondelete='CASCADE'
        ),
        sa.ForeignKeyConstraint(
            ['ticket_id'], ['tickets.id'], name='fk_imported_tickets_ticket_id', ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('import_id', 'ticket_id', name='pk_imported_tickets'),
        **ON_MYSQL,
    )
    op.create_index('ix_imported_tickets_ticket_id', 'imported_tickets', ['ticket_id'])


def downgrade():
    op.drop_table('imported_tickets')
    op.drop_table('imports')
