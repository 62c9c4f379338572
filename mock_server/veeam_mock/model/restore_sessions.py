"""Restore sessions: what restore device codes are asked for."""

from dataclasses import dataclass, replace

from veeam_mock.model.errors import NotFound
from veeam_mock.model.store import Store

KINDS = ("Vex", "Veod", "Vesp", "Vet")
"""Exchange, OneDrive, SharePoint, Teams."""


@dataclass(frozen=True, slots=True)
class RestoreSession:
    """One restore session. Times are Unix seconds, UTC; `ended_at` is None while it works."""

    id: str
    organization: str
    kind: str
    created_at: float
    initiated_by: str = ""
    ended_at: float | None = None


class RestoreSessions:
    """Look up, start and end. Ids are matched without regard to case, as UUIDs are (RFC 9562 section 4)."""

    def __init__(self, store: Store[RestoreSession]) -> None:
        self._store = store

    def start(self, session: RestoreSession) -> RestoreSession:
        """Keep a new session."""
        self._store.put(session.id.lower(), session)
        return session

    def get(self, session_id: str) -> RestoreSession:
        """The session with this id; `NotFound` when there is none."""
        session = self._store.get(session_id.lower())
        if session is None:
            raise NotFound("Restore session", session_id)
        return session

    def require_working(self, session_id: str) -> RestoreSession:
        """The session with this id; `NotFound` when there is none, or it has ended."""
        session = self.get(session_id)
        if session.ended_at is not None:
            raise NotFound("Restore session", session_id)
        return session

    def end(self, session_id: str, now: float) -> None:
        """End a session at `now`; one that has ended stays as it is. `NotFound` when there is none."""
        session = self.get(session_id)
        if session.ended_at is None:
            self._store.swap(session_id.lower(), session, replace(session, ended_at=now))
