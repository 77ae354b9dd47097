"""What a person would send: the fields of a form as the page shows them, with what they change."""

from justhtml import JustHTML


def fields(response, action):
    """The fields of the form that posts to `action`, as a browser would send them untouched, without its buttons."""
    page = JustHTML(response.text, sanitize=False)
    forms = [form for form in page.query("form") if form.attrs.get("action") == action]
    assert forms, f"no form posts to {action}"
    sent = {}
    for field in forms[0].query("input, select, textarea"):
        name, kind = field.attrs.get("name"), field.attrs.get("type")
        if not name or kind in ("submit", "radio") or kind == "checkbox" and "checked" not in field.attrs:
            continue
        sent[name] = _value(field)
    return sent


def _value(field):
    if field.name == "select":
        chosen = [option for option in field.query("option") if "selected" in option.attrs] or field.query("option")
        return chosen[0].attrs.get("value", "")
    if field.name == "textarea":
        return field.to_text().removeprefix("\n")
    return field.attrs.get("value", "")
