# SPDX-License-Identifier: GPL-2.0-or-later
# A guest's screen over VNC, its serial console, its monitor and its events.
. /mnt/steps
URI=qemu:///system
greeting() { # what a VNC server says first
    python3 -c 'import socket; print(socket.create_connection(("127.0.0.1", 5907), 5).recv(3).decode())' | grep -q RFB
}
console() { # ^] ends it
    (sleep 4; printf '\035') | script -qec '/usr/local/bin/policytool-client -c qemu:///system console lab-log --force' /dev/null | grep -qi escape
}
reset_told() {
    virsh event lab-vnc --event reboot --timeout 30 &
    sleep 1
    virsh reset lab-vnc
    wait $!
}
monitor_told() {
    virsh qemu-monitor-event lab-vnc --event RESET --timeout 30 &
    sleep 1
    virsh reset lab-vnc
    wait $!
}
step virtqemud create virsh create /mnt/guest-vnc.xml
step virtqemud display virsh vncdisplay lab-vnc
step virtqemud display-uri virsh domdisplay lab-vnc
step virtqemud vnc poll 10 greeting
shot() { client screenshot lab-vnc /dev/stdout | head -c 100 | [ "$(wc -c)" -eq 100 ]; }
step virtqemud screenshot shot
step virtqemud qmp virsh qemu-monitor-command lab-vnc '{"execute":"query-status"}'
step virtqemud event reset_told
step virtqemud monitor-event monitor_told
step virtqemud all-statistics virsh domstats --raw
step virtqemud guest-with-console virsh create /mnt/guest-log.xml
step virtqemud console-device virsh ttyconsole lab-log
step virtqemud client-copy client version
step virtqemud console console
step virtqemud destroy virsh destroy lab-vnc
step virtqemud destroy-console virsh destroy lab-log
step virtqemud clean-up rm -f /usr/local/bin/policytool-client /var/log/libvirt/qemu/lab-console.log
