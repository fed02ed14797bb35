"""No key and no passphrase in logs, errors, arguments, environments, databases or dumps."""

from __future__ import annotations

import ast
import json
import pickle
import signal
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from eth_account import Account

from keepers.signers.keys import KeyMaterialError, open_keystore, write_keystore
from tests.fixtures.forks import run_forked
from tests.fixtures.node import SENDER_KEY, SIGNER_KEYS, World
from tests.fixtures.stores import PASSPHRASE
from tests.fixtures.waiting import GENEROUS, wait_until
from tests.unit.keepers.bots.harness import ready, reported
from tests.unit.keepers.cli.test_cli import alive, forked, process

SECRETS = [PASSPHRASE.encode()] + [
    form
    for key in (SENDER_KEY, *SIGNER_KEYS)
    for form in (key.to_bytes(32, "big"), key.to_bytes(32, "big").hex().encode())
]


def shown(content: bytes) -> list[bytes]:
    """Secrets that are in it."""
    return [secret for secret in SECRETS if secret in content or secret.upper() in content]


def test_secrets__keys_of_the_test__would_be_found() -> None:
    assert all(shown(b"x" + secret + b"y") for secret in SECRETS)


def test_run__at_work__shows_no_secret_anywhere(world: World) -> None:
    config = ready(world)
    with process("all", config) as running:
        # The report comes after the model's decision was written.
        wait_until(lambda: reported(world) == 1, meanwhile=alive(running))
        for name in ("cmdline", "environ"):
            assert not shown(Path(f"/proc/{running.pid}/{name}").read_bytes())
        limits = Path(f"/proc/{running.pid}/limits").read_text().splitlines()
        (core,) = [line.split() for line in limits if line.startswith("Max core file size")]
        assert core[4] == "0"
        # Dies as a crash would have it: whatever is left behind holds nothing.
        running.send_signal(signal.SIGABRT)
        output, errors = running.communicate(timeout=GENEROUS)
    assert running.returncode == -signal.SIGABRT
    assert "decision" in output and not shown((output + errors).encode())
    for path in world.folder.rglob("*"):
        if path.is_file() and path.suffix != ".pass":
            assert not shown(path.read_bytes()), path
    assert not list(Path().glob("core*"))


def test_leave_no_dumps__process__is_closed_to_others_of_its_user() -> None:
    script = (
        "import os\nfrom keepers.signers.keyring import leave_no_dumps\nleave_no_dumps()\n"
        "import ctypes\nprint(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))\nprint(os.stat('/proc/self/environ').st_uid)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "0"]


def test_passphrase__by_descriptor__is_in_no_argument_and_opens(world: World) -> None:
    config = ready(world)
    keys = {
        "sender": {"keystore": "sender.json", "passphrase_fd": 0},
        "signers": [{"keystore": f"signer-{number}.json", "passphrase_fd": 0} for number in range(2)],
    }
    config = world.write_config(keys=keys)
    command = [sys.executable, "-m", "keepers", "keys", "list", "--config", str(config)]
    done = run_forked(command, says=f"{PASSPHRASE}\n" * 3)
    assert done.returncode == 0, done.stderr
    addresses = [line.split()[-1] for line in done.stdout.splitlines()]
    assert addresses == [Account.from_key(key.to_bytes(32, "big")).address for key in (SENDER_KEY, *SIGNER_KEYS[:2])]
    assert not shown((done.stdout + done.stderr).encode())


def test_run__wrong_passphrase__is_not_repeated(world: World, tmp_path: Path) -> None:
    secret = tmp_path / "wrong.pass"
    secret.write_text("not the right one at all\n")
    secret.chmod(0o600)
    key = {"keystore": "sender.json", "passphrase_file": str(secret)}
    config = world.write_config(keys={"sender": key, "signers": [key]})
    with forked("risk", config) as running:
        output, errors = running.communicate(timeout=GENEROUS)
    assert running.returncode == 1 and "wrong passphrase" in errors
    assert "not the right one" not in output + errors


def test_signer__in_a_traceback_pickle_or_json__keeps_its_key(tmp_path: Path) -> None:
    key = bytes(range(1, 33))
    write_keystore(tmp_path / "key.json", key, PASSPHRASE, light=True)
    signer = open_keystore(tmp_path / "key.json", lambda _: PASSPHRASE)
    with pytest.raises(KeyMaterialError, match="a key is not pickled"):
        pickle.dumps(signer)
    with pytest.raises(TypeError):
        json.dumps(signer)
    try:
        raise ValueError(signer, [signer], {"signer": signer})
    except ValueError as error:
        lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
        text = "".join(line for line in lines if "key = " not in line)  # this test's own variable
    assert key.hex() not in text and repr(key) not in text


def test_environment__a_key_in_it__is_never_read() -> None:
    """No module of the keepers reads a secret from the environment; AWS's own credentials are botocore's business."""
    import keepers

    paths = list(Path(keepers.__file__).parent.rglob("*.py"))
    readers = [path.name for path in paths if names(path.read_text()) & {"environ", "environb", "getenv", "getenvb"}]
    assert readers == [] and len(paths) > 50


def names(source: str) -> set[str]:
    """Every name that a module uses or imports, as a whole, after a dot or as a text."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.name.rpartition(".")[2])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


@pytest.mark.parametrize(
    "source",
    ["os.environ['KEY']", "from os import getenv as read", "import os\nos.getenvb(b'KEY')", "getattr(os, 'environ')"],
)
def test_names__of_a_module_that_reads_the_environment__would_be_found(source: str) -> None:
    assert names(source) & {"environ", "getenv", "getenvb"}
