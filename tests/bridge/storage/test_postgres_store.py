"""PostgreSQL as the database: what differs from SQLite."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from running_bridge import wait_until
from sendproof_bridge.config_fields import PostgresUrl, Secret, database
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import NewJob
from sendproof_bridge.storage.open_store import open_store
from sendproof_bridge.storage.store import DatabaseUnusableError, plain

INSERT = "INSERT INTO optimove_call (client, at) VALUES (?, 1)"


@pytest.fixture
def url(postgres_database):
    """Return the URL of an empty database."""
    postgres_database.clear()
    return PostgresUrl(Secret(postgres_database.url))


def test_url_as_text_has_no_user_and_no_password():
    url = database("postgresql://bridge:a-password@db.test:5432/messages?sslmode=require")

    assert (str(url), "a-password" in repr(url)) == ("postgresql://db.test:5432/messages", False)


def test_server_that_cannot_be_reached_is_one_sentence():
    url = PostgresUrl(Secret("postgresql://bridge:a-password@127.0.0.1:9/messages"))
    with pytest.raises(DatabaseUnusableError, match=r"^postgresql://127\.0\.0\.1:9/messages: .* check ") as raised:
        open_store(url)

    assert ("a-password" in str(raised.value), "\n" in str(raised.value)) == (False, False)


@pytest.mark.parametrize(
    ("schema", "problem", "remedy"),
    [
        ("closed", "permission denied for schema closed", "let its user create tables in the schema"),
        ("missing", "no schema has been selected to create in", "create the schema, or name another one"),
    ],
)
def test_schema_without_tables_that_cannot_be_created_is_one_sentence(url, postgres_database, schema, problem, remedy):
    """Since PostgreSQL 15, only the owner of a database may create tables in `public`."""
    import psycopg  # noqa: PLC0415 an extra, which may be missing

    with psycopg.connect(postgres_database.url, autocommit=True) as owner:
        owner.execute("CREATE ROLE poor LOGIN; CREATE SCHEMA closed; GRANT USAGE ON SCHEMA closed TO poor")
        poor = url.reveal().replace("postgres@", "poor@") + f"&options=-csearch_path%3D{schema}"
        with pytest.raises(DatabaseUnusableError) as raised:
            open_store(PostgresUrl(Secret(poor)))
        owner.execute("DROP SCHEMA closed; DROP ROLE poor")

    assert str(raised.value) == f"postgresql:///postgres: the database cannot be used: {problem}; {remedy}"


def test_run_is_alive_until_its_process_ends_or_starts_another(url):
    with closing(open_store(url)) as store:
        ended = open_store(url)
        ended.start_run()
        with closing(open_store(url)) as other:
            names = [other.start_run(), other.start_run()]
            ended.close()
            with store.read() as tx:
                assert (names, store.runs_alive(tx)) == (["run-2", "run-3"], ["run-3"])


def test_process_is_woken_by_jobs_that_another_adds(url):
    woken, job = threading.Semaphore(0), NewJob(id="a", kind="fetch_page")
    with closing(open_store(url)) as store, closing(open_store(url)) as other:
        other.listen(woken.release)
        assert woken.acquire(timeout=60), "listening"
        with store.write() as tx:
            job_queue.add(tx, [job])
        assert woken.acquire(timeout=60), "woken"


def test_processes_write_one_after_the_other(url):
    """Also two that read before they write: what one has read stays true until it commits."""
    entered = threading.Event()
    with closing(open_store(url)) as first, closing(open_store(url)) as second:

        def write():
            with second.write() as tx:
                entered.set()
                plain(tx).execute(INSERT, ("second",))

        with first.write() as tx:
            writer = threading.Thread(target=write)
            writer.start()
            assert not entered.wait(0.2)
            plain(tx).execute(INSERT, ("first",))
        writer.join(60)
        with first.read() as view:
            assert list(view.execute(text("SELECT client FROM optimove_call ORDER BY id")).scalars()) == [
                "first",
                "second",
            ]


def test_what_a_process_reads_is_up_to_date_whatever_the_defaults_of_the_server(url):
    """With a snapshot of the time before it waited, it would overwrite what another has written."""
    url = with_settings(url, default_transaction_isolation="serializable", default_transaction_read_only="on")
    with closing(open_store(url)) as first, closing(open_store(url)) as second, ThreadPoolExecutor(1) as pool:

        def count():
            with second.write() as tx:
                return plain(tx).execute("SELECT COUNT(*) FROM optimove_call").fetchone()[0]

        with first.write() as tx:
            counting = pool.submit(count)
            wait_until(lambda: is_waiting(url), "the lock")
            plain(tx).execute(INSERT, ("first",))
        assert counting.result(60) == 1


@pytest.mark.parametrize(("default", "used"), [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")])
def test_durable_transaction_is_flushed_whatever_the_default_of_the_server(url, default, used):
    with closing(open_store(with_settings(url, synchronous_commit=default))) as store, store.write_durably() as tx:
        assert plain(tx).execute("SHOW synchronous_commit").fetchone() == (used,)


def test_server_does_not_end_idle_sessions_of_the_bridge(url):
    """The connection that shows that a run is alive does nothing else."""
    with closing(open_store(with_settings(url, idle_session_timeout=3_600_000))) as store, store.read() as tx:
        assert plain(tx).execute("SHOW idle_session_timeout").fetchone() == ("0",)


def test_number_of_a_run_is_not_used_again_after_a_crash(url, postgres_database):
    """Two processes would own the same jobs."""
    with closing(open_store(url)) as store, closing(open_store(url)) as other:
        lost = store.start_run()
        postgres_database.crash()
        assert other.start_run() != lost


def test_thread_without_a_free_connection_waits_for_one(url):
    with closing(store_with_one_connection(url, wait_seconds=60)) as store, ThreadPoolExecutor(1) as pool:
        with store.read():
            waiting = pool.submit(read_one, store)
            assert not waiting.done()
        assert waiting.result(60) == 1


def test_thread_that_waited_in_vain_gets_the_error_of_a_database_that_is_away(url):
    """So a worker and a webhook process go on as after a restart of the server."""
    with closing(store_with_one_connection(url, wait_seconds=0.01)) as store:
        with store.read(), pytest.raises(OperationalError, match="QueuePool limit"):
            read_one(store)
        assert read_one(store) == 1


@pytest.mark.parametrize(
    "use",
    [lambda _: None, lambda tx: tx.execute(text("SELECT 1")), lambda tx: plain(tx).execute("SELECT 1")],
    ids=["commit", "statement", "plain statement"],
)
def test_transaction_that_hung_ends_as_if_the_database_were_away(url, use):
    """A worker that was suspended goes on when it wakes."""
    with closing(open_store(url)) as store:
        with pytest.raises(OperationalError):
            write_after_a_hang(store, url, use)
        assert read_one(store) == 1


def write_after_a_hang(store, url, use):
    with store.write() as tx:
        pid = plain(tx).execute("SELECT pg_backend_pid()").fetchone()[0]
        plain(tx).execute("SET idle_in_transaction_session_timeout = 1")
        wait_until(lambda: not is_connected(url, pid), "the end of the connection")
        use(tx)


def is_connected(url, pid):
    return found(url, f"SELECT 1 FROM pg_stat_activity WHERE pid = {pid}")


def is_waiting(url):
    return found(url, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")


def found(url, statement):
    import psycopg  # noqa: PLC0415 as above

    with closing(psycopg.connect(url.reveal(), autocommit=True)) as connection:
        return connection.execute(statement).fetchone() is not None


def with_settings(url, **settings):
    """Return a URL whose connections begin with other settings, as a database or a user may have them."""
    options = "%20".join(f"-c{name}%3D{value}" for name, value in settings.items())
    return PostgresUrl(Secret(f"{url.reveal()}&options={options}"))


def store_with_one_connection(url, wait_seconds):
    from sendproof_bridge.storage.databases.postgres import PostgresStore  # noqa: PLC0415 an extra, which may be missing

    return PostgresStore(url, connections=1, wait_seconds=wait_seconds)


def read_one(store):
    with store.read() as view:
        return view.execute(text("SELECT 1")).scalar_one()


def test_connection_that_is_in_use_when_the_store_closes_is_closed_after_its_transaction(url):
    store = open_store(url)
    with store.read() as view:
        connection = view.connection.driver_connection
        store.close()
        assert not connection.closed
    assert connection.closed


def test_view_stays_the_same_while_others_write(url):
    with closing(open_store(url)) as store, store.read() as view:
        count = text("SELECT COUNT(*) FROM optimove_call")
        assert view.execute(count).scalar_one() == 0
        with store.write() as tx:
            plain(tx).execute(INSERT, ("acme",))
        assert view.execute(count).scalar_one() == 0


def test_text_with_a_null_character_is_stored_with_a_replacement(url):
    """A name in JSON can have one, and PostgreSQL refuses it."""
    with closing(open_store(url)) as store:
        with store.write() as tx:
            plain(tx).execute(INSERT, ("ac\0me",))
            tx.execute(text("INSERT INTO optimove_call (client, at) VALUES (:client, 2)"), {"client": "\0"})
        with store.read() as view:
            assert set(view.execute(text("SELECT client FROM optimove_call")).scalars()) == {"ac\ufffdme", "\ufffd"}
