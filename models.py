"""The tables, with their constraints and indexes. Rules live in helpdesk/, never here."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model

# MariaDB's default collation takes "é" for "e"; ours compares what was typed, as the other two databases do.
ON_MYSQL = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}
# No id is given twice, even after the newest row was removed: numbers of tickets, places among the events.
COUNTING = {"sqlite_autoincrement": True} | ON_MYSQL

# MySQL's TEXT holds 65,535 bytes; 50,000 characters may need four times as many.
LongText = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
# Compared letter by letter, so that an index finds what begins so, whatever the language of the database.
PlainKey = String(254).with_variant(postgresql.VARCHAR(254, collation="C"), "postgresql")
BigId = BigInteger().with_variant(Integer(), "sqlite")


class UtcTime(TypeDecorator[datetime]):
    """A moment, stored in UTC with microseconds on every database, aware in Python."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(
            mysql.DATETIME(fsp=6) if dialect.name in ("mysql", "mariadb") else DateTime(timezone=False)
        )

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(timezone.utc).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.replace(tzinfo=timezone.utc)


class Person(Model):
    """Somebody who raises, follows or answers tickets. Without a password: only an address that an agent raised for."""

    __tablename__ = "people"
    __table_args__ = (
        CheckConstraint("role IN ('user', 'agent', 'admin')", name="role"),
        CheckConstraint("theme IN ('auto', 'light', 'dark')", name="theme"),
        Index(None, "role", "switched_off_at"),
        Index(None, "folded_name", "id"),
        ON_MYSQL,
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    folded_name: Mapped[str] = mapped_column(String(250))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(10), default="user")
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    switched_off_at: Mapped[datetime | None] = mapped_column(UtcTime)
    time_zone: Mapped[str | None] = mapped_column(String(60))
    theme: Mapped[str] = mapped_column(String(10), default="auto")
    wants_every_new: Mapped[bool] = mapped_column(Boolean, default=False)
    # The triage views as this agent wants them: {"order": keys, "hidden": keys, "columns": words}.
    views: Mapped[dict[str, Any] | None] = mapped_column(JSON)

    shortcuts: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    keys: Mapped[list[NameKey]] = relationship(cascade="all, delete-orphan", passive_deletes=True)

    # Flask-Login asks these of whoever is signed in. The id in the cookie is the secret of one session row.
    is_authenticated = True
    is_anonymous = False
    session_token = cast("str | None", None)
    session_id = cast("int | None", None)
    session_is_old = False
    # Where the events stood when this person was looked up for a page (helpdesk/live/feed.py).
    news_stood = cast("tuple[Any, ...]", ())

    @property
    def is_active(self) -> bool:
        return self.switched_off_at is None

    @property
    def is_agent(self) -> bool:
        return self.role in ("agent", "admin")

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    def get_id(self) -> str | None:
        return self.session_token


class NameKey(Model):
    """What a person is found by who is named in a query (accounts/name_keys.py): each of their names with those that
    follow it, folded, and their address.
    """

    __tablename__ = "name_keys"
    __table_args__ = (Index(None, "is_address", "key", "person_id"), ON_MYSQL)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    is_address: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    key: Mapped[str] = mapped_column(PlainKey, primary_key=True)


class Session(Model):
    """One browser somebody is signed in with. The cookie holds a random text, the row only its SHA-256."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "person_id", "last_seen_at"), Index(None, "expires_at"), ON_MYSQL)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    kept: Mapped[bool] = mapped_column(Boolean, default=False)
    ip: Mapped[str] = mapped_column(String(45), default="")
    browser: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


class OneTimeLink(Model):
    """A link mailed or copied once; the address holds a random text, the row only its SHA-256."""

    __tablename__ = "one_time_links"
    __table_args__ = (
        CheckConstraint("purpose IN ('confirm', 'reset', 'invitation', 'address', 'stop_address')", name="purpose"),
        Index(None, "person_id", "purpose"),
        ON_MYSQL,
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(12))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime)
    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


class Attempt(Model):
    """One try at something that is throttled. The key says what was tried and, hashed, for whom."""

    __tablename__ = "attempts"
    __table_args__ = (Index(None, "key", "at"), ON_MYSQL)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime] = mapped_column(UtcTime, index=True)


class UsageCount(Model):
    """How much somebody has done of one kind of limited act lately: {"minute since 1970": amount}."""

    __tablename__ = "usage_counts"
    __table_args__ = (ON_MYSQL,)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    act: Mapped[str] = mapped_column(String(20), primary_key=True)
    minutes: Mapped[dict[str, Any]] = mapped_column(JSON)


class DeskFact(Model):
    """What the desk itself must remember, by name: the hash of the first admin's key, the worker's last beat."""

    __tablename__ = "desk_facts"
    __table_args__ = (ON_MYSQL,)
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class Category(Model):
    """What tickets are about, in the order the admins chose. A retired one stays on its tickets but is not offered."""

    __tablename__ = "categories"
    __table_args__ = (ON_MYSQL,)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    position: Mapped[int] = mapped_column(Integer, default=0)
    retired_at: Mapped[datetime | None] = mapped_column(UtcTime)


class Ticket(Model):
    """One request for help; `id` is its number. `activity_at` is for agents, `public_activity_at` for requesters."""

    __tablename__ = "tickets"
    __table_args__ = (
        CheckConstraint("type IN ('incident', 'request')", name="type"),
        CheckConstraint("status IN ('new', 'open', 'pending', 'resolved', 'closed')", name="status"),
        CheckConstraint("priority BETWEEN 1 AND 4", name="priority"),
        UniqueConstraint("raised_by_id", "form_token"),
        Index(None, "status", "activity_at", "id", "trashed_at"),
        Index(None, "status", "created_at", "id", "trashed_at"),
        # The category stands last for the tallies: active tickets by category and priority are counted here.
        Index("ix_tickets_tallied", "status", "priority", "activity_at", "id", "trashed_at", "category_id"),
        Index(None, "assignee_id", "status", "activity_at", "id", "trashed_at"),
        Index(None, "assignee_id", "status", "created_at", "id", "trashed_at"),
        Index("ix_tickets_held_by_priority", "assignee_id", "status", "priority", "activity_at", "id", "trashed_at"),
        Index(None, "requester_id", "public_activity_at", "id", "trashed_at"),
        Index(None, "activity_at", "id"),
        Index(None, "category_id", "activity_at", "id"),
        Index(None, "priority", "activity_at", "id"),
        # trashed_at stands last, so that counting needs no look at the rows. It never stands first: nearly every row
        # has none, and planners would take that for a find.
        Index(None, "created_at", "trashed_at"),
        Index(None, "finished_at", "trashed_at"),
        Index(None, "follows_id"),
        Index(None, "merged_into_id"),
        COUNTING,
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subject: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(LongText)
    type: Mapped[str] = mapped_column(String(10), default="incident")
    status: Mapped[str] = mapped_column(String(10), default="new")
    pending_reason: Mapped[str | None] = mapped_column(String(200))
    priority: Mapped[int] = mapped_column(SmallInteger, default=2)
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"))
    requester_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    raised_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="SET NULL"))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="SET NULL"))
    closed_as: Mapped[str | None] = mapped_column(String(10))
    external_id: Mapped[str | None] = mapped_column(String(120), unique=True)
    form_token: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    activity_at: Mapped[datetime] = mapped_column(UtcTime)
    public_activity_at: Mapped[datetime] = mapped_column(UtcTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)
    trashed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    description_html: Mapped[str | None] = mapped_column(LongText)
    description_renderer: Mapped[int | None] = mapped_column(SmallInteger)

    category: Mapped[Category | None] = relationship()
    requester: Mapped[Person] = relationship(foreign_keys=[requester_id])
    raised_by: Mapped[Person] = relationship(foreign_keys=[raised_by_id])
    assignee: Mapped[Person | None] = relationship(foreign_keys=[assignee_id])
    tags: Mapped[list[Tag]] = relationship(secondary="ticket_tags", order_by="Tag.folded")


class Tag(Model):
    """A word that agents mark tickets with. Requesters never meet it."""

    __tablename__ = "tags"
    __table_args__ = (ON_MYSQL,)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(30))
    folded: Mapped[str] = mapped_column(String(120), unique=True)


class TicketTag(Model):
    """That a ticket bears a tag."""

    __tablename__ = "ticket_tags"
    __table_args__ = (Index(None, "tag_id", "ticket_id"), ON_MYSQL)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True)


class TicketLink(Model):
    """What one ticket has to do with another: it `blocks` it, is a `duplicate` of it, was `split` from it. Of two
    related tickets the lower number stands first."""

    __tablename__ = "ticket_links"
    __table_args__ = (
        CheckConstraint("kind IN ('related', 'blocks', 'duplicate', 'split')", name="kind"),
        Index(None, "other_id"),
        ON_MYSQL,
    )
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)


class SearchText(Model):
    """What a ticket says, folded for the search index (search_index/normalize.py). Notes apart: requesters have none.

    The index itself is made by migration 0004, in each database's own way.
    """

    __tablename__ = "search_texts"
    __table_args__ = (ON_MYSQL,)
    ticket_id: Mapped[int] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    subject: Mapped[str] = mapped_column(Text)
    public_text: Mapped[str] = mapped_column(LongText)
    internal_text: Mapped[str] = mapped_column(LongText)


class Watcher(Model):
    """Who else is kept informed about a ticket: sees replies, never notes."""

    __tablename__ = "watchers"
    __table_args__ = (Index(None, "person_id", "ticket_id"), ON_MYSQL)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)


class ReadMark(Model):
    """Until when somebody has read a ticket."""

    __tablename__ = "read_marks"
    __table_args__ = (Index(None, "ticket_id"), ON_MYSQL)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcTime)


class Message(Model):
    """One entry of a ticket's conversation: a reply that the requester sees, or an internal note."""

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("kind IN ('reply', 'note')", name="kind"),
        UniqueConstraint("author_id", "form_token"),
        Index(None, "ticket_id", "id"),
        ON_MYSQL,
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    kind: Mapped[str] = mapped_column(String(10))
    body: Mapped[str] = mapped_column(LongText)
    form_token: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcTime)
    body_html: Mapped[str | None] = mapped_column(LongText)
    body_renderer: Mapped[int | None] = mapped_column(SmallInteger)
    author: Mapped[Person] = relationship()
    ticket: Mapped[Ticket] = relationship()


class MessageVersion(Model):
    """What a message said before it was corrected."""

    __tablename__ = "message_versions"
    __table_args__ = (Index(None, "message_id"), ON_MYSQL)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    body: Mapped[str] = mapped_column(LongText)
    replaced_at: Mapped[datetime] = mapped_column(UtcTime)
    body_html: Mapped[str | None] = mapped_column(LongText)
    body_renderer: Mapped[int | None] = mapped_column(SmallInteger)


class Event(Model):
    """One thing that happened: who, what, when, the facts. Timeline, audit and news are all this table."""

    __tablename__ = "events"
    __table_args__ = (Index(None, "ticket_id", "id"), Index(None, "person_id", "id"), COUNTING)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    public: Mapped[bool] = mapped_column(Boolean)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcTime)
    actor: Mapped[Person | None] = relationship(foreign_keys=[actor_id])
    message: Mapped[Message | None] = relationship()
    ticket: Mapped[Ticket | None] = relationship()


class Delivery(Model):
    """One message owed to one address because of an event. Text and one-time links are made when it is sent."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'sending', 'sent', 'failed', 'unsent', 'cancelled')", name="state"),
        Index(None, "state", "due_at", "id"),
        Index(None, "event_id"),
        Index(None, "person_id", "seen_at", "id"),
        Index(None, "person_id", "id"),
        ON_MYSQL,
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    mail: Mapped[str] = mapped_column(String(30))
    message_id: Mapped[str] = mapped_column(String(120), unique=True)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    lease: Mapped[str | None] = mapped_column(String(32))
    leased_until: Mapped[datetime | None] = mapped_column(UtcTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime)
    seen_at: Mapped[datetime | None] = mapped_column(UtcTime)
    last_error: Mapped[str | None] = mapped_column(String(300))
    shown_text: Mapped[str | None] = mapped_column(LongText)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    event: Mapped[Event] = relationship()
    person: Mapped[Person] = relationship()


class Presence(Model):
    """An agent who has a ticket open, or is writing on it. A row a person and ticket, gone soon after the page is."""

    __tablename__ = "presences"
    __table_args__ = (Index(None, "at"), ON_MYSQL)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    writing: Mapped[bool] = mapped_column(Boolean, default=False)
    at: Mapped[datetime] = mapped_column(UtcTime)


class Draft(Model):
    """What somebody has typed into a form and not sent yet, by the address it would be sent to and the page that is
    open: two tabs with the same form have a draft each. `page` is the token of the page's form.
    """

    __tablename__ = "drafts"
    __table_args__ = (Index(None, "saved_at"), ON_MYSQL)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(String(120), primary_key=True)
    page: Mapped[str] = mapped_column(String(40), primary_key=True, server_default="")
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)
    saved_at: Mapped[datetime] = mapped_column(UtcTime)

    # How many more drafts of the same form there are, where helpdesk/tickets/drafts.py has looked.
    others = 0


class SavedView(Model):
    """A query of an agent's under a name, beside the standing views. Without an owner: for all agents.

    `columns` are words as in addresses (lists/columns.py); without them each agent sees those of their other lists.
    """

    __tablename__ = "saved_views"
    __table_args__ = (Index(None, "owner_id"), ON_MYSQL)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(String(400))
    sort: Mapped[str] = mapped_column(String(10), default="activity")
    columns: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class Attachment(Model):
    """A file that came with a ticket or one of its messages; `path` instead of both while its form is not sent.

    With none of the three nobody wants it any more, and the worker collects it. `name` is as typed, made harmless.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        Index(None, "ticket_id", "id"),
        Index(None, "message_id"),
        Index(None, "uploader_id", "path"),
        # How much room somebody's files take is added up here, without a look at the rows.
        Index(None, "uploader_id", "size"),
        Index(None, "created_at", "ticket_id"),
        ON_MYSQL,
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="SET NULL"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id", ondelete="SET NULL"))
    uploader_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    path: Mapped[str | None] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(10))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    place: Mapped[str] = mapped_column(String(10))
    key: Mapped[str] = mapped_column(String(80), unique=True)
    small_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    alt: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime)

    @property
    def is_shown(self) -> bool:
        """Whether it is a picture that was drawn anew here, and so may be shown in a page."""
        return self.small_key is not None


class BulkJob(Model):
    """One change of many tickets at once: who asked for what, and how far it is."""

    __tablename__ = "bulk_jobs"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'done', 'cancelled', 'undoing', 'undone')", name="state"),
        Index(None, "state", "id"),
        Index(None, "person_id", "id"),
        ON_MYSQL,
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    acts: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    total: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)
    person: Mapped[Person] = relationship()


class BulkItem(Model):
    """One ticket of a bulk and what became of it. It outlives the ticket, so that every one is accounted for."""

    __tablename__ = "bulk_items"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'done', 'same', 'refused', 'undone', 'kept')", name="state"),
        Index(None, "job_id", "state", "ticket_id"),
        ON_MYSQL,
    )
    job_id: Mapped[int] = mapped_column(ForeignKey("bulk_jobs.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    why: Mapped[str | None] = mapped_column(String(300))
    at: Mapped[datetime | None] = mapped_column(UtcTime)


class Import(Model):
    """One import of tickets from a file, so that it can be taken back as a whole.

    `state` (helpdesk/import_export/import_jobs.py) says whose turn it is. Only an import in the browser has keys of
    files, until it is over. `version` counts how often it was to be looked at.
    """

    __tablename__ = "imports"
    __table_args__ = (Index(None, "state", "id"), ON_MYSQL)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    file_name: Mapped[str] = mapped_column(String(255))
    added: Mapped[int] = mapped_column(Integer, default=0)
    known: Mapped[int] = mapped_column(Integer, default=0)
    left_out: Mapped[int] = mapped_column(Integer, default=0)
    started_at: Mapped[datetime] = mapped_column(UtcTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)
    taken_back_at: Mapped[datetime | None] = mapped_column(UtcTime)
    state: Mapped[str] = mapped_column(String(10), default="done", server_default="done")
    version: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    place: Mapped[str | None] = mapped_column(String(10))
    file_key: Mapped[str | None] = mapped_column(String(80))
    replies_key: Mapped[str | None] = mapped_column(String(80))
    left_out_key: Mapped[str | None] = mapped_column(String(80))
    sha256: Mapped[str | None] = mapped_column(String(64))
    answers: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    findings: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    lines: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    lines_done: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    removed: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    claimed_by: Mapped[str | None] = mapped_column(String(40))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcTime)
    tries: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    person: Mapped[Person | None] = relationship()


class ImportedTicket(Model):
    """That an import has added a ticket, and the last event it has written: a later one is somebody's work."""

    __tablename__ = "imported_tickets"
    __table_args__ = (Index(None, "ticket_id"), ON_MYSQL)
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    last_event_id: Mapped[int] = mapped_column(BigId)
