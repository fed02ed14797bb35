"""The servers that tests start: the wheels' own, and gone with the process that started them."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import redis
import sqlalchemy as sa

ROOT = Path(__file__).resolve().parents[3]
KILLED = """
import os, signal
from types import SimpleNamespace
from tests.fixtures import databases
config = SimpleNamespace(add_cleanup=lambda stop: None)
print(databases.empty_redis(config), databases.new_postgres_database(config), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_postgres_url__any_machine__is_the_server_of_the_wheel(postgres_url: str) -> None:
    with sa.create_engine(postgres_url).connect() as connection:
        assert str(connection.scalar(sa.text("SHOW server_version"))).startswith("18.")


def test_redis_url__any_machine__is_the_server_of_the_wheel(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.info("server")["server_name"] == "valkey"


def test_start__test_process_killed__leaves_neither_server_nor_folder() -> None:
    run = subprocess.run([sys.executable, "-c", KILLED], cwd=ROOT, capture_output=True, text=True, timeout=120)
    valkey, postgres = run.stdout.split()
    folders = [Path(valkey.removeprefix("unix://")).parent, Path(postgres.split("host=")[1].replace("%2F", "/"))]
    deadline = time.monotonic() + 20
    while any(folder.exists() for folder in folders) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(folders) == 2 and not [folder for folder in folders if folder.exists()]
