# SPDX-License-Identifier: GPL-2.0-or-later
# Snapshots inside and outside of a qcow2 disk, checkpoints, backups, block jobs.
. /mnt/steps
URI=qemu:///system
images=/var/lib/libvirt/images
snapshot() { virsh snapshot-create-as lab-qcow --disk-only --no-metadata --diskspec "vda,file=$images/$1"; }
step virtqemud make-disk qemu-img create -q -f qcow2 $images/lab-qcow.qcow2 8M
step virtqemud label-disk restorecon -R $images
step virtqemud define virsh define /mnt/guest-qcow.xml
step virtqemud start virsh start lab-qcow
step virtqemud inside virsh snapshot-create-as lab-qcow inside
step virtqemud list-snapshots virsh snapshot-list lab-qcow --tree
step virtqemud snapshot-xml virsh snapshot-dumpxml lab-qcow inside
step virtqemud revert virsh snapshot-revert lab-qcow inside
step virtqemud delete-inside virsh snapshot-delete lab-qcow inside
step virtqemud checkpoint virsh checkpoint-create-as lab-qcow first
step virtqemud list-checkpoints virsh checkpoint-list lab-qcow
step virtqemud backup virsh backup-begin lab-qcow /mnt/backup.xml
step virtqemud backup-done poll 20 test -s $images/lab-qcow.backup
step virtqemud delete-checkpoint poll 10 virsh checkpoint-delete lab-qcow first
step virtqemud outside snapshot lab-qcow.over1
step virtqemud commit virsh blockcommit lab-qcow vda --active --pivot --wait --timeout 30
step virtqemud outside-again snapshot lab-qcow.over2
step virtqemud pull virsh blockpull lab-qcow vda --wait --timeout 30
step virtqemud copy virsh blockcopy lab-qcow vda --dest $images/lab-qcow.copy --transient-job --wait --pivot --timeout 30
step virtqemud block-info virsh domblkinfo lab-qcow vda
step virtqemud job-info virsh domjobinfo lab-qcow
step virtqemud resize-block virsh blockresize lab-qcow vda 12M
step virtqemud destroy virsh destroy lab-qcow
step virtqemud undefine virsh undefine lab-qcow --snapshots-metadata --checkpoints-metadata
step virtqemud clean-up sh -c 'rm -f /var/lib/libvirt/images/lab-qcow.*'
