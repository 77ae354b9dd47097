"""How much each person has done lately, and an index of the room that each person's files take"""

from alembic import op
import sqlalchemy as sa

revision = '0009'
down_revision = '0008'

NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
ON_MYSQL = {'mysql_charset': 'utf8mb4', 'mysql_collate': 'utf8mb4_bin', 'mysql_engine': 'InnoDB'}


def upgrade():
    op.create_table(
        'usage_counts',
        sa.Column('person_id', NUMBER, nullable=False),
        sa.Column('act', sa.String(length=20), nullable=False),
        sa.Column('minutes', sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ['person_id'], ['people.id'], name='fk_usage_counts_person_id', ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('person_id', 'act', name='pk_usage_counts'),
        **ON_MYSQL,
    )
    op.create_index('ix_attachments_uploader_id_size', 'attachments', ['uploader_id', 'size'])


def downgrade():
    op.drop_index('ix_attachments_uploader_id_size', 'attachments')
    op.drop_table('usage_counts')
