"""A mail server as sites have them: Exim takes mail and hands it to Dovecot, which keeps it. Both of Debian.

Everybody of ``PEOPLE`` signs in with ``PASSWORD``, or by XOAUTH2 with what ``token`` gives. What is sent to ``later@`` is
put off and to ``nobody@`` refused at once; ``bounce@`` is accepted and comes back.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

from servers.base import Running, debian, free_port, listens, process, run, until

DOMAIN = "example.test"
PEOPLE = ("keeper", "ann", "bo", "listening")
PASSWORD = "kettle-and-lantern"
_KEY = b"a key for the tokens of tests and for nothing else"

_DOVECOT = Template("""
base_dir = $work/run
state_dir = $work/run
log_path = $work/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <$work/cert.pem
ssl_key = <$work/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
auth_username_format = %Ln
mail_location = maildir:$work/boxes/%n
mail_uid = mail
mail_max_userip_connections = 100
mail_gid = mail
first_valid_uid = 1
passdb {
  driver = passwd-file
  mechanisms = plain login
  args = $work/users
}
passdb {
  driver = oauth2
  mechanisms = xoauth2
  args = $work/oauth2.conf
}
userdb {
  driver = static
  args = uid=mail gid=mail home=$work/boxes/%n allow_all_users=yes
}
service anvil {
  chroot =
}
service imap-login {
  chroot =
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = $imaps
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $lmtp
  }
}
namespace inbox {
  inbox = yes
  mailbox Junk {
    auto = create
    special_use = \\Junk
  }
  mailbox Trash {
    auto = create
    special_use = \\Trash
  }
  mailbox Drafts {
    auto = create
    special_use = \\Drafts
  }
  mailbox "Отправленные" {
    auto = create
    special_use = \\Sent
  }
}
""")

_EXIM = Template("""
primary_hostname = mx.$domain
spool_directory = $work/spool
log_file_path = $work/spool/%slog
keep_environment =
pid_file_path = $work/spool/pid
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
local_interfaces = <; [127.0.0.1]:$smtp ; [127.0.0.1]:$smtps
tls_on_connect_ports = $smtps
tls_advertise_hosts = *
tls_certificate = $work/cert.pem
tls_privatekey = $work/exim-key.pem
message_size_limit = 2M
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = check_rcpt
acl_smtp_data = accept
begin acl
check_rcpt:
  deny local_parts = nobody
    message = no such person here
  defer local_parts = later
    message = come back in a while
  accept
begin routers
back:
  driver = redirect
  local_parts = bounce
  data = :fail: the box is closed
  allow_fail
list:
  driver = manualroute
  domains = lists.$domain
  transport = list_tcp
  route_list = * 127.0.0.1 byname
  self = send
all:
  driver = manualroute
  domains = *
  transport = lmtp_tcp
  route_list = * 127.0.0.1 byname
  self = send
begin transports
lmtp_tcp:
  driver = smtp
  protocol = lmtp
  port = $lmtp
  hosts_avoid_tls = *
  allow_localhost
list_tcp:
  driver = smtp
  protocol = lmtp
  port = $lists
  hosts_avoid_tls = *
  allow_localhost
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = $${if eq{$$auth3}{$password}}
  server_set_id = $$auth2
xoauth2:
  driver = plaintext
  public_name = XOAUTH2
  server_prompts = :
  server_condition = $${if match{$$auth1}{auth=Bearer $token}}
  server_set_id = xoauth2
""")


def install(folder: Path) -> None:
    debian("dovecot-imapd", "dovecot-lmtpd", "exim4-daemon-light", "openssl")


@contextmanager
def start(folder: Path, work: Path) -> Iterator[Running]:
    """``details``: ports of 127.0.0.1 (``imap`` and ``smtp`` with STARTTLS, ``imaps``, ``smtps``, ``lists`` to which
    mail for lists is handed by LMTP), ``authority`` (a file: whom TLS is to trust) and ``token`` (keeper's)."""
    ports = {name: str(free_port()) for name in ("imap", "imaps", "lmtp", "smtp", "smtps", "lists")}
    keeper = token("keeper")
    _write(work, ports, keeper)
    dovecot = ["dovecot", "-F", "-c", str(work / "dovecot.conf")]
    exim = ["exim4", "-C", str(work / "exim.conf"), "-bdf", "-q5s"]
    with process(dovecot, log=work / "dovecot.out"), process(exim, log=work / "exim.out"):
        for name in ("imap", "lmtp"):
            until(listens(int(ports[name])), log=work / "dovecot.log")
        until(listens(int(ports["smtp"])), log=work / "exim.out")
        details = ports | {"authority": str(work / "cert.pem"), "token": keeper, "password": PASSWORD}
        yield Running(f"127.0.0.1:{ports['smtp']}", details)


def _write(work: Path, ports: dict[str, str], keeper: str) -> None:
    values = {"work": str(work), "domain": DOMAIN, "password": PASSWORD, "token": keeper} | ports
    for name in ("boxes", "spool"):
        (work / name).mkdir()
    shutil.chown(work / "boxes", "mail", "mail")
    shutil.chown(work / "spool", "Debian-exim", "Debian-exim")
    (work / "users").write_text("".join(f"{name}:{{PLAIN}}{PASSWORD}\n" for name in PEOPLE))
    keys = work / "keys" / "default" / "HS256"
    keys.mkdir(parents=True)
    (keys / "default").write_text(base64.b64encode(_KEY).decode())
    oauth2 = ["introspection_mode = local", f"local_validation_key_dict = fs:posix:prefix={work}/keys/"]
    (work / "oauth2.conf").write_text("\n".join([*oauth2, "username_attribute = sub", ""]))
    (work / "dovecot.conf").write_text(_DOVECOT.substitute(values))
    (work / "exim.conf").write_text(_EXIM.substitute(values))
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    request += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    run([*request, "-keyout", str(work / "key.pem"), "-out", str(work / "cert.pem")])
    shutil.copy(work / "key.pem", work / "exim-key.pem")
    shutil.chown(work / "exim-key.pem", "Debian-exim")


def token(user: str) -> str:
    """What Dovecot takes for an access token of this user (a JSON Web Token, RFC 7519)."""

    def packed(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    said = [{"alg": "HS256", "typ": "JWT"}, {"sub": user, "exp": 4102444800, "iat": 1577836800}]
    signed = ".".join(packed(json.dumps(part).encode()) for part in said)
    return f"{signed}.{packed(hmac.new(_KEY, signed.encode(), hashlib.sha256).digest())}"
