# SPDX-License-Identifier: GPL-2.0-or-later
# Devices come and go while a guest runs; snapshots and a saved state.
. /mnt/steps
URI=qemu:///system
step virtqemud make-disks sh -c 'for n in 1 2; do truncate -s 8M /var/lib/libvirt/images/lab-disk$n.img; done'
step virtqemud label-disks restorecon -R /var/lib/libvirt/images
step virtqemud create virsh create /mnt/guest-plain.xml
step virtqemud attach-disk virsh attach-disk lab-plain /var/lib/libvirt/images/lab-disk2.img vdb
step virtqemud list-disks virsh domblklist lab-plain
step virtqemud detach-disk virsh detach-disk lab-plain vdb
step virtqemud attach-rng virsh attach-device lab-plain /mnt/rng.xml
step virtqemud memory virsh setmem lab-plain 40M --live
shot() { client screenshot lab-plain /dev/stdout | head -c 100 | [ "$(wc -c)" -eq 100 ]; }
step virtqemud screenshot shot
step virtqemud save virsh save lab-plain /var/lib/libvirt/qemu/save/lab-plain.save
step virtqemud restore virsh restore /var/lib/libvirt/qemu/save/lab-plain.save
step virtqemud core-dump virsh dump lab-plain /var/lib/libvirt/qemu/dump/lab-plain.core --memory-only
step virtqemud destroy-plain virsh destroy lab-plain
step virtqemud clean-up rm -f /var/lib/libvirt/images/lab-disk1.img /var/lib/libvirt/images/lab-disk2.img \
    /var/lib/libvirt/qemu/save/lab-plain.save /var/lib/libvirt/qemu/dump/lab-plain.core
