# SPDX-License-Identifier: GPL-2.0-or-later
# A daemon of one's own, in /opt: installed, and worked. `policytool lab run --workload` records it, and then enforces it.
. /mnt/steps

mkdir -p /opt/notesd /etc/notesd
cat >/opt/notesd/notesd <<'PROGRAM'
#!/usr/bin/python3
"""Keeps notes: a line over TCP is appended to a file; `list` gives all; the control socket answers how many there are."""
import configparser, os, selectors, signal, socket, sys, syslog

settings = configparser.ConfigParser()
settings.read("/etc/notesd/notesd.conf")
port = settings.getint("notesd", "port", fallback=7311)
notes = "/var/lib/notesd/notes"


def listen(family, address):
    server = socket.socket(family)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(address)
    server.listen()
    return server


def count():
    with open(notes) as file:
        return sum(1 for _ in file)


if os.path.exists("/run/notesd/control"):
    os.unlink("/run/notesd/control")
servers = {listen(socket.AF_INET, ("127.0.0.1", port)): "note", listen(socket.AF_UNIX, "/run/notesd/control"): "control"}
open(notes, "a").close()
syslog.openlog("notesd")
syslog.syslog(f"{count()} notes")
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
selector = selectors.DefaultSelector()
for server in servers:
    selector.register(server, selectors.EVENT_READ)
while True:
    for key, _ in selector.select():
        client, _ = key.fileobj.accept()
        with client, client.makefile("rw") as stream:
            line = stream.readline().strip()
            if servers[key.fileobj] == "control":
                stream.write(f"{count()}\n")
            elif line == "list":
                with open(notes) as file:
                    stream.write(file.read())
            else:
                with open(notes, "a") as file:
                    file.write(f"{line}\n")
                stream.write("kept\n")
PROGRAM
chmod 755 /opt/notesd/notesd
printf '[notesd]\nport = 7311\n' >/etc/notesd/notesd.conf
cat >/etc/systemd/system/notesd.service <<'UNIT'
[Unit]
Description=notesd, which keeps notes

[Service]
ExecStart=/opt/notesd/notesd
RuntimeDirectory=notesd
StateDirectory=notesd
UNIT
restorecon -R /opt/notesd /etc/notesd /etc/systemd/system
systemctl daemon-reload

# ask WORDS: say WORDS to the daemon and print its answer.
ask() { python3 -c 'import socket, sys; s = socket.create_connection(("127.0.0.1", 7311), 5)
s.sendall((sys.argv[1] + "\n").encode()); print(s.makefile().read())' "$1"; }
control() { python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("/run/notesd/control")
s.sendall(b"\n"); print(s.makefile().read())'; }
keeps() { ask "$1" | grep -q kept; }
lists() { ask list | grep -q "$1"; }
counts() { [ "$(control | head -1)" = "$1" ]; }
own_domain() { grep -q notesd_t "/proc/$(systemctl show --property MainPID --value notesd.service)/attr/current"; }

step notesd start systemctl start notesd.service
step notesd answers poll 30 keeps first
step notesd has-its-domain own_domain
step notesd keeps keeps second
step notesd lists lists first
step notesd counts counts 2
step notesd restart systemctl restart notesd.service
step notesd still-lists poll 30 lists second
step notesd stop systemctl stop notesd.service
