"""A real Postfix of a test's own: its folder, its port, its readers and refusals.

Needs Debian's `postfix`, `sasl2-bin` and `libsasl2-modules`, and root, as Postfix does.
"""

import os
import pwd
import shutil
import smtplib
import subprocess
import tempfile
import time
from pathlib import Path

from deploy.ports import HOST, free_ports

DAEMONS = Path("/usr/lib/postfix/sbin")
START_SECONDS = 30.0

USER, PASSWORD = "notifier@mx.test", "of-no-use-anywhere-else"

HANGS, HANGS_UP = "slow@example.org", "gone@example.org"
"""Readers whose mails it takes in whole, and then is silent for two seconds, or hangs up."""

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/lib
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = /dev/stdout
inet_interfaces = {host}
inet_protocols = ipv4
myhostname = mx.test
mydestination =
alias_maps =
alias_database =
local_transport = error:5.1.1 nobody is here
mynetworks = 192.0.2.0/24
smtputf8_enable = yes
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
transport_maps = texthash:{folder}/transport
relay_domains = gone.example, market.example
smtpd_tls_security_level = may
smtpd_tls_eccert_file = {folder}/certificate.pem
smtpd_tls_eckey_file = {folder}/certificate.pem
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = {folder}/conf/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/access,
    permit_sasl_authenticated, reject
smtpd_end_of_data_restrictions = check_recipient_access texthash:{folder}/after-the-text
smtpd_error_sleep_time = 0
smtpd_client_connection_rate_limit = 0
minimal_backoff_time = 1s
bounce_queue_lifetime = 1d
"""

MASTER = """\
{host}:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
smtp unix - - n - - smtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def missing() -> str | None:
    """Why no Postfix can be run here; None when it can."""
    if not (DAEMONS / "master").exists() or not shutil.which("saslpasswd2"):
        return "no Postfix on this machine: install the packages postfix and sasl2-bin"
    if os.geteuid() != 0:
        return "Postfix is started by root only"
    return None


class Postfix:
    """Takes mail for `example.org` into `mail`, from whoever signs in over TLS.

    Mail for `gone.example` it hands on to the port `relays_to`; what comes back from there is
    reported by LMTP to the port `reports_to`.
    """

    def __init__(self, certificate: Path, *, reports_to: int, relays_to: int) -> None:
        self.port = free_ports(["smtp"])["smtp"]
        # Not in pytest's folder: Postfix's own users have to pass through.
        folder = Path(tempfile.mkdtemp(prefix="redress-postfix-"))
        folder.chmod(0o755)
        self.certificate = certificate
        self._folder = folder
        self._log = folder / "log"
        self._master: subprocess.Popen[bytes] | None = None
        owner = pwd.getpwnam("postfix")
        nobody = pwd.getpwnam("nobody")
        for name in ("spool", "lib", "mail", "conf/sasl"):
            (folder / name).mkdir(parents=True)
        os.chown(folder / "lib", owner.pw_uid, owner.pw_gid)
        os.chown(folder / "mail", nobody.pw_uid, nobody.pw_gid)
        filled = {
            "folder": folder,
            "daemons": DAEMONS,
            "host": HOST,
            "port": self.port,
            "uid": nobody.pw_uid,
            "gid": nobody.pw_gid,
        }
        shutil.copy(certificate, folder / "certificate.pem")
        (folder / "certificate.pem").chmod(0o600)
        (folder / "conf" / "main.cf").write_text(MAIN.format(**filled))
        (folder / "conf" / "master.cf").write_text(MASTER.format(**filled))
        (folder / "transport").write_text(
            f"gone.example smtp:[{HOST}]:{relays_to}\n"
            f"market.example lmtp:inet:{HOST}:{reports_to}\n"
        )
        (folder / "after-the-text").write_text(f"{HANGS} sleep 2\n{HANGS_UP} 421 4.3.0 closing\n")
        self.refuses()
        self._passwords(owner.pw_uid)

    def refuses(self, **replies: str) -> None:
        """What it answers to readers of `example.org`, by the name before the `@`."""
        lines = (f"{name}@example.org {reply}\n" for name, reply in replies.items())
        (self._folder / "access").write_text("".join(lines))
        if self._master is not None:
            self._run("reload")

    def start(self) -> None:
        with self._log.open("ab") as log:
            command = ["postfix", "-c", str(self._folder / "conf"), "start-fg"]
            self._master = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                smtplib.SMTP(HOST, self.port, timeout=5).quit()
                return
            except OSError:
                assert time.monotonic() < deadline, self._log.read_text()
                time.sleep(0.05)

    def stop(self) -> None:
        if self._master is not None:
            self._run("stop")
            self._master.wait(20)
            self._master = None

    def remove(self) -> None:
        """Ends it, and leaves nothing behind."""
        self.stop()
        shutil.rmtree(self._folder)

    def received(self) -> list[bytes]:
        return [file.read_bytes() for file in (self._folder / "mail" / "all" / "new").glob("*")]

    def _run(self, verb: str) -> None:
        command = ["postfix", "-c", str(self._folder / "conf"), verb]
        subprocess.run(command, check=True, capture_output=True, timeout=30)

    def _passwords(self, uid: int) -> None:
        database = self._folder / "conf" / "sasl" / "sasldb2"
        (self._folder / "conf" / "sasl" / "smtpd.conf").write_text(
            "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\n"
            f"sasldb_path: {database}\n"
        )
        name, _, realm = USER.partition("@")
        command = ["saslpasswd2", "-p", "-c", "-f", str(database), "-u", realm, name]
        subprocess.run(command, input=PASSWORD.encode(), check=True, capture_output=True)
        os.chown(database, uid, -1)
