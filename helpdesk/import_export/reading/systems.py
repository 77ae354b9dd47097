"""What other help desks call the columns and values of their exports.

Where each name comes from, a manual, a source or a public tool: docs/decisions/0036-import-systems.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# Values that mean the same in every system, folded to small letters. A number means something else in each.
STATUSES = {
    **dict.fromkeys(("new", "to do", "todo", "backlog", "unassigned"), "new"),
    **dict.fromkeys(("open", "in progress", "reopened", "assigned", "processing", "work in progress"), "open"),
    **dict.fromkeys(("pending", "on hold", "on-hold", "hold", "waiting"), "pending"),
    **dict.fromkeys(("resolved", "solved", "done", "completed"), "resolved"),
    **dict.fromkeys(("closed", "canceled", "cancelled", "archived"), "closed"),
}
PRIORITIES = {
    **dict.fromkeys(("low", "lowest", "very low", "minor", "trivial", "planning"), "low"),
    **dict.fromkeys(("normal", "medium", "med", "moderate", "none"), "normal"),
    **dict.fromkeys(("high", "major"), "high"),
    **dict.fromkeys(("urgent", "highest", "very high", "critical", "blocker", "emergency"), "urgent"),
}
TYPES = {
    **dict.fromkeys(("incident", "problem", "bug", "error", "defect", "fault"), "incident"),
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
    """`subject="summary|title"`: what the left side stands for, a column of ours or a value, by their names."""
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
                requester="reporter (email)|reporter email",
                requester_name="reporter",
                assignee="assignee (email)|assignee email|assignee",
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
                "status": _names(
                    open="waiting for support|escalated|under review|in review|selected for development",
                    pending="waiting for customer|waiting for approval|awaiting approval",
                    closed="declined",
                ),
                "type": _names(
                    incident="[system] incident|[system] problem",
                    request="[system] service request|[system] service request with approvals|[system] change|"
                    "service request with approvals|it help|access|purchase|change|support|sub-task|epic|improvement|"
                    "new feature",
                ),
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
                requester="requester email",
                requester_name="requester|requester name",
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
                requester="caller_id.email|email",
                requester_name="caller_id|caller",
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
                "status": _names(
                    new="1",
                    open="2|active",
                    pending="3|awaiting caller|awaiting change|awaiting problem|awaiting vendor",
                    resolved="6",
                    closed="7|8",
                ),
                "priority": _names(
                    urgent="1|1 - critical",
                    high="2|2 - high",
                    normal="3|3 - moderate",
                    low="4|4 - low|5|5 - planning",
                ),
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
                requester="email|requester email",
                requester_name="full name|contact name|requester name",
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
            {
                "status": _names(
                    open="2", pending="3|waiting on customer|waiting on third party", resolved="4", closed="5"
                ),
                "priority": _names(low="1", normal="2", high="3", urgent="4"),
                "type": _names(request="refund|lead|service task"),
            },
        ),
        System(
            "spiceworks",
            "Spiceworks",
            _names(
                external_id="ticket number|ticket #|id|number",
                subject="summary",
                description="description",
                category="category",
                requester="creator email|created by email",
                requester_name="creator|created by",
                assignee="assignee email|assigned to email|assignee|assigned to",
                status="status",
                priority="priority",
                created_at="created on|created at|created",
                changed_at="updated on|updated at|updated",
                finished_at="closed on|closed at|closed",
            ),
        ),
        System(
            "osticket",
            "osTicket",
            _names(
                external_id="ticket number|number",
                subject="subject|issue summary",
                description="issue details|message|description",
                category="help topic|department",
                requester="from email|email",
                requester_name="from|name",
                assignee="agent assigned|assigned to",
                status="current status|status",
                priority="priority|priority level",
                created_at="date created|date|create date",
                changed_at="last updated|last update",
                finished_at="closed date|close date",
            ),
            {"status": _names(closed="deleted")},
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
                "status": _names(
                    new="1",
                    open="2|3|accepted|processing (assigned)|processing (planned)",
                    pending="4|approval",
                    resolved="5",
                    closed="6",
                ),
                "priority": _names(low="1|2", normal="3", high="4", urgent="5|6|major"),
            },
        ),
    )
}
