# SPDX-License-Identifier: GPL-2.0-or-later
# Disks of every kind for one guest: a file, a volume of a pool, a logical volume; a disk that is shared or only read.
. /mnt/steps
URI=qemu:///system
file=/var/lib/libvirt/lab-vg.loop
attach() { losetup /dev/loop7 $file; }
step virtstoraged make-file backing $file 48M
step virtstoraged attach-loop attach
step virtstoraged define-group virsh pool-define-as labvg logical --source-dev /dev/loop7 --source-name labvg --target /dev/labvg
step virtstoraged build-group virsh pool-build labvg
step virtstoraged start-group virsh pool-start labvg
step virtstoraged create-logical virsh vol-create-as labvg one 8M
step virtstoraged pool virsh pool-create-as lab dir --target /var/lib/libvirt/images
step virtstoraged create-volume virsh vol-create-as lab lab-qcow.qcow2 8M --format qcow2
step virtstoraged create-overlay virsh vol-create-as lab lab-qcow.over 8M --format qcow2 --backing-vol lab-qcow.qcow2 --backing-vol-format qcow2
step virtqemud create virsh create /mnt/guest-qcow.xml
step virtqemud attach-logical virsh attach-disk lab-qcow /dev/labvg/one vdb --sourcetype block --cache none
step virtqemud list-disks virsh domblklist lab-qcow --details
step virtqemud block-info virsh domblkinfo lab-qcow --all
step virtqemud detach-logical virsh detach-disk lab-qcow vdb
step virtstoraged create-second virsh vol-create-as labvg two 8M
step virtqemud attach-volume virsh attach-device lab-qcow /mnt/disk-volume.xml
step virtqemud detach-volume virsh detach-disk lab-qcow vdc
step virtqemud destroy virsh destroy lab-qcow
step virtstoraged delete-overlay virsh vol-delete lab-qcow.over --pool lab
step virtstoraged delete-volume virsh vol-delete lab-qcow.qcow2 --pool lab
step virtstoraged no-pool virsh pool-destroy lab
step virtstoraged delete-logical virsh vol-delete one --pool labvg
step virtstoraged delete-second virsh vol-delete two --pool labvg
step virtstoraged stop-group virsh pool-destroy labvg
step virtstoraged delete-group virsh pool-delete labvg
step virtstoraged undefine-group virsh pool-undefine labvg
step virtstoraged detach-loop losetup --detach /dev/loop7
step virtstoraged clean-up rm -f $file
