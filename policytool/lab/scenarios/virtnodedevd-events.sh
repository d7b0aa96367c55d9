# SPDX-License-Identifier: GPL-2.0-or-later
# Devices that come and go: udev tells virtnodedevd, which tells its clients.
. /mnt/steps
URI=nodedev:///system
listed() { virsh nodedev-list --cap "$1" | grep -q "$2"; }
gone() { ! listed "$1" "$2"; }
told() { # a client that waits for an event, and gets one
    virsh nodedev-event --event lifecycle --timeout 30 &
    sleep 2
    ip link add labdummy2 address 52:54:00:ab:00:02 type dummy
    wait $!
}
step virtnodedevd list virsh nodedev-list --cap net
step virtnodedevd dummy modprobe dummy numdummies=0
step virtnodedevd event told
step virtnodedevd interface-comes poll 20 listed net net_labdummy2
step virtnodedevd interface-xml virsh nodedev-dumpxml net_labdummy2_52_54_00_ab_00_02
step virtnodedevd rename sh -c 'ip link set labdummy2 name labdummy3'
step virtnodedevd interface-renamed poll 20 listed net net_labdummy3
step virtnodedevd trigger udevadm trigger --settle --subsystem-match=net --subsystem-match=block
step virtnodedevd after-trigger virsh nodedev-list --cap net
step virtnodedevd drop-interface ip link delete labdummy3
step virtnodedevd interface-goes poll 20 gone net net_labdummy3
step virtnodedevd scsi modprobe scsi_debug dev_size_mb=8
step virtnodedevd host-comes poll 20 listed scsi_host scsi_host
step virtnodedevd disk-comes poll 20 listed storage block_sd
step virtnodedevd scsi-tree virsh nodedev-list --tree
step virtnodedevd scsi-xml sh -c 'for one in $(virsh -q -c nodedev:///system nodedev-list --cap scsi_host,scsi_target,scsi,storage); do virsh -q -c nodedev:///system nodedev-dumpxml $one || exit; done'
step virtnodedevd drop-scsi poll 10 modprobe -r scsi_debug
step virtnodedevd disk-goes poll 20 gone storage block_sd
