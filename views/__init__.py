"""One file per page family. A view gets objects that the door has found, calls one act, and shows a page."""
