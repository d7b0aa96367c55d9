# SPDX-License-Identifier: GPL-2.0-or-later
# A container's limits (cgroups), its devices, its end by signal; hooks; autostart.
. /mnt/steps
URI=lxc:///system
hook() {
    mkdir -p /etc/libvirt/hooks && printf '#!/bin/sh\necho "$@" >>/run/lab-hook\ncat >/dev/null\n' >/etc/libvirt/hooks/lxc &&
        chmod 755 /etc/libvirt/hooks/lxc && restorecon -R /etc/libvirt/hooks
}
step virtlxcd hook hook
step virtlxcd restart systemctl restart virtlxcd.service
step virtlxcd define virsh define /mnt/container.xml
step virtlxcd autostart virsh autostart lab-container
step virtlxcd start virsh start lab-container
step virtlxcd hook-has-run grep -q 'lab-container started' /run/lab-hook
step virtlxcd memory virsh setmem lab-container 48M --live
step virtlxcd memory-limits virsh memtune lab-container --hard-limit 65536 --live
step virtlxcd processor-shares virsh schedinfo lab-container --live --set cpu_shares=512
step virtlxcd block-weight virsh blkiotune lab-container
step virtlxcd attach-device virsh attach-device lab-container /mnt/hostdev-character.xml --live
step virtlxcd detach-device virsh detach-device lab-container /mnt/hostdev-character.xml --live
step virtlxcd description virsh desc lab-container --live 'a container of the lab'
step virtlxcd no-autostart virsh autostart --disable lab-container
step virtlxcd destroy virsh destroy lab-container
step virtlxcd undefine virsh undefine lab-container
step virtlxcd clean-up rm -f /etc/libvirt/hooks/lxc /run/lab-hook
