"""Files that come with tickets and messages"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

revision = '0003'
down_revision = '0002'

MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql', 'mariadb')
NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade():
    op.create_table(
        'attachments',
        sa.Column('id', NUMBER, nullable=False),
        sa.Column('ticket_id', NUMBER),
        sa.Column('message_id', NUMBER),
        sa.Column('uploader_id', NUMBER, nullable=False),
        sa.Column('path', sa.String(length=120)),
        sa.Column('name', sa.String(length=200), nullable=False),
        sa.Column('kind', sa.String(length=10), nullable=False),
        sa.Column('media_type', sa.String(length=100), nullable=False),
        sa.Column('size', sa.BigInteger(), nullable=False),
        sa.Column('sha256', sa.String(length=64), nullable=False),
        sa.Column('place', sa.String(length=10), nullable=False),
        sa.Column('key', sa.String(length=80), nullable=False),
        sa.Column('small_key', sa.String(length=80)),
        sa.Column('width', sa.Integer()),
        sa.Column('height', sa.Integer()),
        sa.Column('alt', sa.String(length=300), nullable=False),
        sa.Column('created_at', MOMENT, nullable=False),
        sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name='fk_attachments_ticket_id', ondelete='SET NULL'),
        sa.ForeignKeyConstraint(['message_id'], ['messages.id'], name='fk_attachments_message_id', ondelete='SET NULL'),
        sa.ForeignKeyConstraint(['uploader_id'], ['people.id'], name='fk_attachments_uploader_id'),
        sa.PrimaryKeyConstraint('id', name='pk_attachments'),
        sa.UniqueConstraint('key', name='uq_attachments_key'),
        sa.UniqueConstraint('small_key', name='uq_attachments_small_key'),
        mysql_charset='utf8mb4',
        mysql_collate='utf8mb4_bin',
        mysql_engine='InnoDB',
    )
    op.create_index('ix_attachments_ticket_id_id', 'attachments', ['ticket_id', 'id'])
    op.create_index('ix_attachments_message_id', 'attachments', ['message_id'])
    op.create_index('ix_attachments_uploader_id_path', 'attachments', ['uploader_id', 'path'])
    op.create_index('ix_attachments_created_at_ticket_id', 'attachments', ['created_at', 'ticket_id'])


def downgrade():
    op.drop_table('attachments')
