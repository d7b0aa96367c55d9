# SPDX-License-Identifier: GPL-2.0-or-later
# A guest with a disk on a loop device and an interface on a bridge; both are attached and detached while it runs.
. /mnt/steps
. /mnt/dom0
images=/var/lib/libvirt/images
loops() {
    for number in 6 7; do
        backing $images/lab-xen-$number.img 8M && losetup /dev/loop$number $images/lab-xen-$number.img || return 1
    done
}
no_loops() { losetup -d /dev/loop6 /dev/loop7 && rm -f $images/lab-xen-*.img; }
bridge() { ip link add lab-xen type bridge && ip link set lab-xen up; }
step virtxend sockets sockets
step virtxend loop-devices loops
step virtxend bridge bridge
step virtxend define virsh define /mnt/guest-disk.xml
step virtxend start start lab-disk
step virtxend is-running state lab-disk running
step virtxend disks virsh domblklist lab-disk
step virtxend disk-statistics virsh domblkstat lab-disk xvda
step virtxend interfaces virsh domiflist lab-disk
step virtxend attach-disk virsh attach-device lab-disk /mnt/disk.xml --live
step virtxend attach-interface virsh attach-device lab-disk /mnt/interface.xml --live
step virtxend has-both sh -c 'virsh --quiet -c xen:///system dumpxml lab-disk | grep -c "loop[67]\|lab-xen" | grep -q 4'
step virtxend detach-interface virsh detach-device lab-disk /mnt/interface.xml --live
step virtxend detach-disk virsh detach-device lab-disk /mnt/disk.xml --live
step virtxend attach-to-definition virsh attach-device lab-disk /mnt/disk.xml --config
step virtxend detach-from-definition virsh detach-device lab-disk /mnt/disk.xml --config
step virtxend shutdown virsh destroy lab-disk
step virtxend undefine virsh undefine lab-disk
step virtxend no-bridge ip link delete lab-xen
step virtxend no-loop-devices no_loops
