"""The local topology: ordered start, one installation a folder, nothing left behind."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import nats
import psutil
import pytest

from deploy.occupancy import AlreadyRunning, running_on
from deploy.ports import HOST, PortTaken
from deploy.topology import PartFailed, Topology


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def messages_in_mail(topology: Topology, *, add: int) -> int:
    client = await nats.connect(
        f"nats://{HOST}:{topology.site.ports['nats']}",
        user="admin",
        password=topology.site.secrets.nats["admin"],
    )
    try:
        jetstream = client.jetstream()
        for number in range(add):
            await jetstream.publish(f"mail.00.{number:x}", b"{}")
        return (await jetstream.stream_info("MAIL")).state.messages
    finally:
        await client.close()


@pytest.mark.anyio
async def test_what_was_acknowledged_is_there_after_a_kill_and_after_a_new_start(
    tmp_path: Path,
) -> None:
    with Topology(tmp_path, only=["streams"]) as topology:
        await messages_in_mail(topology, add=3)
        topology.kill("nats")
        assert [process.name for process in topology.ended()] == ["nats"]
        topology.restart("nats")
        assert topology.ended() == []
        assert await messages_in_mail(topology, add=0) == 3
    with Topology(tmp_path, only=["streams"]) as topology:
        assert await messages_in_mail(topology, add=0) == 3


def test_stopping_leaves_no_process_and_secrets_only_their_owner_can_read(tmp_path: Path) -> None:
    topology = Topology(tmp_path, only=["streams"])
    topology.start()
    pid = topology.process("nats").pid
    assert pid is not None
    assert running_on(tmp_path) is not None
    topology.stop()
    assert gone(pid)
    assert running_on(tmp_path) is None
    for name in ("secrets.json", "nats/server.conf"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0


def test_a_second_one_on_the_same_folder_says_who_is_there(tmp_path: Path) -> None:
    with (
        Topology(tmp_path, only=["nats"]) as first,
        pytest.raises(AlreadyRunning, match=f"process {os.getpid()}, {first.url}"),
    ):
        Topology(tmp_path, only=["nats"]).start()


def test_a_port_that_is_taken_is_told_with_who_holds_it(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"Port {port} is already taken by process \d+ \("):
            Topology(tmp_path, port=port, only=["nats"]).start()


def test_a_part_that_fails_is_named_with_its_last_words_and_the_others_end(tmp_path: Path) -> None:
    topology = Topology(tmp_path, only=["streams"], env={"REDRESS_LOG_LEVEL": "loud"})
    with pytest.raises(PartFailed, match="streams ended with exit code 1") as failed:
        topology.start()
    assert "log_level" in failed.value.tail
    assert running_on(tmp_path) is None


def test_what_a_killed_topology_left_running_is_ended_by_the_next(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from deploy.topology import Topology\n"
        "Topology(pathlib.Path(sys.argv[1]), only=['nats']).start()\n"
        "print('up', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        left = running_on(tmp_path)
        assert left is not None
        owner.kill()
    assert not gone(left.parts["nats"])
    with Topology(tmp_path, only=["nats"]):
        assert gone(left.parts["nats"])
