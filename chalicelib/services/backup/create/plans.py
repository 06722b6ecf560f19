"""The times of a company's backups and drills: by night in Morocco, spread over all companies."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from chalicelib.domain.backups.backup import BackupPlan, DrillPlan, Tier
from chalicelib.domain.clock import MOROCCO
from chalicelib.domain.entity import Record, new_row
from chalicelib.store.snapshot import Snapshot

FROM_HOUR, WINDOW = 1, timedelta(hours=4)
"""Between 01:00 and 05:00 in Casablanca."""
DAY = timedelta(days=1)


def _share(company: str, what: str) -> int:
    """A number derived from the company's id, which spreads companies over the night or the week."""
    return int.from_bytes(sha256(f"{what}\x1f{company}".encode()).digest()[:8])


def next_night(company: str, after: datetime) -> datetime:
    """The next backup time of the company after `after` (UTC)."""
    spread = timedelta(seconds=_share(company, "night") % int(WINDOW.total_seconds()))
    local = after.astimezone(MOROCCO)
    night = local.replace(hour=FROM_HOUR, minute=0, second=0, microsecond=0) + spread
    while night.astimezone(UTC) <= after:
        night += DAY
    return night.astimezone(UTC)


def next_drill(company: str, after: datetime) -> datetime:
    """The next drill time of the company after `after` (UTC), one night a week."""
    weekday = _share(company, "drill") % 7
    night = next_night(company, after)
    while night.astimezone(MOROCCO).weekday() != weekday:
        night = next_night(company, night)
    return night


def month_of(at: datetime) -> str:
    """The month in Casablanca, such as "2026-11"."""
    return at.astimezone(MOROCCO).strftime("%Y-%m")


def week_of(at: datetime) -> str:
    """The ISO week in Casablanca, such as "2026-W48"."""
    year, week, _ = at.astimezone(MOROCCO).isocalendar()
    return f"{year}-W{week:02d}"


def tier_of(plan: BackupPlan, at: datetime) -> Tier:
    """The longest-kept tier without a backup: the month's, else the week's, else the day's."""
    if plan.monthly != month_of(at):
        return "monthly"
    return "weekly" if plan.weekly != week_of(at) else "daily"


def begun(company: str, at: datetime) -> tuple[BackupPlan, DrillPlan]:
    """The plans of a company that just turned backups on."""
    backup = BackupPlan(**new_row(company, company, at), due_at=next_night(company, at))
    drill = DrillPlan(**new_row(company, company, at), due_at=next_drill(company, at))
    return backup, drill


def following(snapshot: Snapshot, at: datetime, *, on: bool) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """The plans that a commit puts and deletes. A company has plans exactly while its backup switch is on."""
    found = (snapshot.get(BackupPlan), snapshot.get(DrillPlan))
    if not on:
        return (), tuple(plan for plan in found if plan is not None)
    plans = begun(snapshot.company, at)
    return tuple(new for new, old in zip(plans, found, strict=True) if old is None), ()
