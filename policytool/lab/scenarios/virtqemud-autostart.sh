# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that starts with the machine (as far as one boot goes: the mark of this boot is taken away); hooks.
. /mnt/steps
URI=qemu:///system
running() { [ "$(virsh domstate lab-small)" = running ]; }
hook() {
    mkdir -p /etc/libvirt/hooks && printf '#!/bin/sh\necho "$@" >>/run/lab-hook\ncat >/dev/null\n' >/etc/libvirt/hooks/qemu &&
        chmod 755 /etc/libvirt/hooks/qemu && restorecon -R /etc/libvirt/hooks
}
first() { rm -f /run/libvirt/qemu/autostarted && systemctl restart virtqemud.service; }
step virtqemud hook hook
step virtqemud define virsh define /mnt/guest-small.xml
step virtqemud autostart virsh autostart lab-small
step virtqemud list-autostart virsh list --all --autostart
step virtqemud as-after-a-boot first
step virtqemud has-started poll 20 running
step virtqemud hook-has-run grep -q 'lab-small started' /run/lab-hook
step virtqemud short-timeout arguments virtqemud '--timeout 2'
step virtqemud stays-up-with-a-guest sh -c 'sleep 6; systemctl --quiet is-active virtqemud.service'
step virtqemud usual-timeout arguments virtqemud
step virtqemud reload-with-guest systemctl reload virtqemud.service
step virtqemud still-running running
step virtqemud no-autostart virsh autostart --disable lab-small
step virtqemud destroy virsh destroy lab-small
step virtqemud rename virsh domrename lab-small lab-smaller
step virtqemud metadata virsh desc lab-smaller --config 'a guest of the lab'
step virtqemud undefine virsh undefine lab-smaller
step virtqemud clean-up rm -f /etc/libvirt/hooks/qemu /run/lab-hook
step virtqemud restart-without-hook systemctl restart virtqemud.service
