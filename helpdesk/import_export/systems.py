"""What other help desks call the columns and values of their exports (docs/decisions/0023-import.md)."""

from __future__ import annotations

from dataclasses import dataclass, field

# Values that mean the same in every system, folded to small letters.
STATUSES = {
    **dict.fromkeys(("new", "to do", "todo", "backlog", "unassigned", "1"), "new"),
    **dict.fromkeys(("open", "in progress", "reopened", "assigned", "processing", "work in progress", "2"), "open"),
    **dict.fromkeys(("pending", "on hold", "on-hold", "hold", "waiting", "awaiting caller", "3"), "pending"),
    **dict.fromkeys(("resolved", "solved", "done", "6"), "resolved"),
    **dict.fromkeys(("closed", "canceled", "cancelled", "archived", "7", "8"), "closed"),
}
PRIORITIES = {
    **dict.fromkeys(("low", "lowest", "very low", "minor", "trivial", "planning", "4", "5"), "low"),
    **dict.fromkeys(("normal", "medium", "med", "moderate", "none", "3"), "normal"),
    **dict.fromkeys(("high", "major", "2"), "high"),
    **dict.fromkeys(("urgent", "highest", "very high", "critical", "blocker", "emergency", "1"), "urgent"),
}
TYPES = {
    **dict.fromkeys(("incident", "problem", "bug", "error", "defect"), "incident"),
    **dict.fromkeys(("request", "service request", "question", "task", "story", "feature request"), "request"),
}


@dataclass(frozen=True)
class System:
    """One help desk: our columns by the folded names of its export, and what its values mean beyond the common ones."""

    name: str
    label: str
    columns: dict[str, str]
    values: dict[str, dict[str, str]] = field(default_factory=dict)


def _names(**columns: str) -> dict[str, str]:
    """`subject="summary|title"`: the names that stand for one of our columns."""
    return {theirs: ours for ours, names in columns.items() for theirs in names.split("|")}


SYSTEMS = {
    system.name: system
    for system in (
        System(
            "jira",
            "Jira",
            _names(
                external_id="issue key|key",
                subject="summary",
                description="description",
                category="component/s|components|component",
                requester="reporter|reporter email",
                assignee="assignee|assignee email",
                type="issue type",
                status="status",
                priority="priority",
                tags="labels",
                created_at="created",
                changed_at="updated",
                resolved_at="resolved",
                comment="comment",
            ),
            {
                "status": {"waiting for customer": "pending", "waiting for support": "open", "escalated": "open"},
                "type": {"[system] incident": "incident", "[system] service request": "request"},
            },
        ),
        System(
            "zendesk",
            "Zendesk",
            _names(
                external_id="id|ticket id",
                subject="subject",
                description="description",
                category="group",
                requester="requester email|requester",
                assignee="assignee email|assignee",
                type="ticket type|type",
                status="status",
                priority="priority",
                tags="tags",
                created_at="created at",
                changed_at="updated at",
                resolved_at="solved at",
            ),
        ),
        System(
            "servicenow",
            "ServiceNow",
            _names(
                external_id="number",
                subject="short_description|short description",
                description="description",
                category="category",
                requester="caller_id.email|caller_id|caller",
                assignee="assigned_to.email|assigned_to|assigned to",
                status="state|incident state|incident_state",
                priority="priority",
                created_at="opened_at|opened|sys_created_on|created",
                changed_at="sys_updated_on|updated",
                resolved_at="resolved_at|resolved",
                finished_at="closed_at|closed",
                comment="comments|additional comments",
                note="work_notes|work notes",
            ),
            {
                "priority": {
                    "1 - critical": "urgent",
                    "2 - high": "high",
                    "3 - moderate": "normal",
                    "4 - low": "low",
                    "5 - planning": "low",
                }
            },
        ),
        System(
            "freshdesk",
            "Freshdesk",
            _names(
                external_id="ticket id",
                subject="subject",
                description="description|description text",
                category="group",
                requester="email|requester email|full name",
                requester_name="contact name",
                assignee="agent email|agent",
                type="type",
                status="status",
                priority="priority",
                tags="tags",
                created_at="created time",
                changed_at="last update time|last updated time",
                resolved_at="resolved time",
                finished_at="closed time",
            ),
            {"status": {"waiting on customer": "pending", "waiting on third party": "pending"}},
        ),
        System(
            "spiceworks",
            "Spiceworks",
            _names(
                external_id="ticket number|ticket #|id|number",
                subject="summary",
                description="description",
                category="category",
                requester="creator email|created by email|creator|created by",
                assignee="assignee email|assigned to email|assignee|assigned to",
                status="status",
                priority="priority",
                created_at="created on|created at|created",
                changed_at="updated on|updated at|updated",
                finished_at="closed on|closed at|closed",
            ),
            {"status": {"unassigned": "new"}},
        ),
        System(
            "osticket",
            "osTicket",
            _names(
                external_id="ticket number|number",
                subject="subject",
                description="issue details|message|description",
                category="help topic|department",
                requester="from email|email",
                requester_name="from|name",
                assignee="agent assigned|assigned to",
                status="current status|status",
                priority="priority",
                created_at="date created|date|create date",
                changed_at="last updated|last update",
                finished_at="closed date|close date",
            ),
        ),
        System(
            "glpi",
            "GLPI",
            _names(
                external_id="id",
                subject="title",
                description="description|content",
                category="category",
                requester="requester - requester|requester|requesters",
                assignee="assigned to - technician|technician|assigned to",
                type="type",
                status="status",
                priority="priority",
                created_at="opening date|creation date",
                changed_at="last update",
                resolved_at="resolution date|solve date",
                finished_at="closing date",
            ),
            {
                "status": {"processing (assigned)": "open", "processing (planned)": "open"},
                "priority": {"major": "urgent", "very high": "urgent"},
            },
        ),
    )
}
