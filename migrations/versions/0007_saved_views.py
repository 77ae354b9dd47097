"""Saved views, and the order in which each person has theirs"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0007'
down_revision = '0006'

MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql', 'mariadb')
NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
ON_MYSQL = {'mysql_charset': 'utf8mb4', 'mysql_collate': 'utf8mb4_bin', 'mysql_engine': 'InnoDB'}


def upgrade():
    op.create_table(
        'saved_views',
        sa.Column('id', NUMBER, nullable=False),
        sa.Column('owner_id', NUMBER),
        sa.Column('name', sa.String(length=60), nullable=False),
        sa.Column('query', sa.String(length=400), nullable=False),
        sa.Column('sort', sa.String(length=10), nullable=False),
        sa.Column('created_at', MOMENT, nullable=False),
        sa.ForeignKeyConstraint(['owner_id'], ['people.id'], name='fk_saved_views_owner_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name='pk_saved_views'),
        **ON_MYSQL,
    )
    op.create_index('ix_saved_views_owner_id', 'saved_views', ['owner_id'])
    op.add_column('people', sa.Column('views', sa.JSON()))


def downgrade():
    op.drop_column('people', 'views')
    op.drop_table('saved_views')
