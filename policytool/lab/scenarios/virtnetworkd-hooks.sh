# SPDX-License-Identifier: GPL-2.0-or-later
# A hook of the administrator's runs when a network starts, when a guest is plugged into it, and when it stops.
. /mnt/steps
URI=network:///system
hook() {
    mkdir -p /etc/libvirt/hooks && printf '#!/bin/sh\necho "$@" >>/run/lab-hook\ncat >/dev/null\n' >/etc/libvirt/hooks/network &&
        chmod 755 /etc/libvirt/hooks/network && restorecon -R /etc/libvirt/hooks
}
no() { printf '#!/bin/sh\nexit 1\n' >/etc/libvirt/hooks/network; }
event() {
    virsh net-event --event lifecycle --timeout 30 &
    sleep 1
    virsh net-destroy lab-isolated
    wait $!
}
step virtnetworkd hook hook
step virtnetworkd restart systemctl restart virtnetworkd.service
step virtnetworkd create virsh net-create /mnt/net-isolated.xml
step virtnetworkd hook-has-run grep -q 'lab-isolated started' /run/lab-hook
step virtnetworkd event event
step virtnetworkd hook-has-run-again grep -q 'lab-isolated stopped' /run/lab-hook
step virtnetworkd hook-that-fails no
refuse virtnetworkd hook-refuses 'hook\|exit status' virsh net-create /mnt/net-isolated.xml
step virtnetworkd clean-up rm -f /etc/libvirt/hooks/network /run/lab-hook
step virtnetworkd restart-without systemctl restart virtnetworkd.service
