"""The operations of restore sessions: start, read, end."""

from veeam_mock.api.calls import Call, Operations
from veeam_mock.messages import Reply
from veeam_mock.model.dates import date_time
from veeam_mock.model.restore_sessions import KINDS, RestoreSession


def explore_organization(call: Call) -> Reply:
    """Start a restore session for the backups of an organization."""
    organization = call.world.organizations.get(call.values["organizationId"])
    wanted = call.body.get("explore", call.body) or {}
    kind = next(kind for kind in KINDS if kind.lower() == (wanted.get("type") or KINDS[0]).lower())
    session = RestoreSession(call.world.randomness.uuid(), organization.name, kind, call.world.clock.now())
    return call.reply(_restore_session(call, call.world.restore_sessions.start(session)))


def get_restore_session(call: Call) -> Reply:
    """One restore session."""
    return call.reply(_restore_session(call, call.world.restore_sessions.get(call.values["restoreSessionId"])))


def stop_restore_session(call: Call) -> Reply:
    """End a restore session, which then gives no codes any more."""
    call.world.restore_sessions.end(call.values["restoreSessionId"], call.world.clock.now())
    return call.reply()


def _restore_session(call: Call, session: RestoreSession) -> dict[str, object]:
    content: dict[str, object] = {
        "id": session.id,
        "name": session.organization,
        "organization": session.organization,
        "type": session.kind,
        "creationTime": date_time(session.created_at),
        "state": "Working" if session.ended_at is None else "Stopped",
        "result": "Success",
        "_links": {"self": {"href": call.link(f"RestoreSessions/{session.id}")}},
    }
    return content if session.ended_at is None else {**content, "endTime": date_time(session.ended_at)}


OPERATIONS: Operations = {
    "exploreOrganization": explore_organization,
    "getRestoreSession": get_restore_session,
    "stopRestoreSession": stop_restore_session,
}
