# SPDX-License-Identifier: GPL-2.0-or-later
# A backup that is fetched over a socket (NBD) while the guest runs.
. /mnt/steps
URI=qemu:///system
images=/var/lib/libvirt/images
step virtqemud make-disk qemu-img create -q -f qcow2 $images/lab-qcow.qcow2 8M
step virtqemud label-disk restorecon -R $images
step virtqemud create virsh create /mnt/guest-qcow.xml
step virtqemud begin virsh backup-begin lab-qcow /mnt/backup-pull.xml
step virtqemud backup-xml virsh backup-dumpxml lab-qcow
step virtqemud fetch qemu-img info 'nbd+unix:///vda?socket=/var/lib/libvirt/qemu/lab-backup.socket'
refuse virtqemud begin-twice 'active\|job\|already\|lock' virsh backup-begin lab-qcow /mnt/backup-pull.xml
step virtqemud end virsh domjobabort lab-qcow
step virtqemud destroy virsh destroy lab-qcow
step virtqemud clean-up sh -c 'rm -f /var/lib/libvirt/images/lab-qcow.*'
