# SPDX-License-Identifier: GPL-2.0-or-later
# A pool on a file system of its own, which libvirt makes and mounts; and what happens when it is full.
. /mnt/steps
URI=storage:///system
file=/var/lib/libvirt/lab-fs.loop
attach() { losetup /dev/loop6 $file; }
step virtstoraged make-file backing $file 24M
step virtstoraged attach-loop attach
step virtstoraged define virsh pool-define-as labfs fs --source-dev /dev/loop6 --source-format ext4 --target /var/lib/libvirt/lab-fs
step virtstoraged build virsh pool-build labfs --overwrite
refuse virtstoraged build-over-a-file-system 'already\|format\|found' virsh pool-build labfs --no-overwrite
step virtstoraged start virsh pool-start labfs
step virtstoraged is-mounted findmnt /var/lib/libvirt/lab-fs
step virtstoraged create virsh vol-create-as labfs one.img 4M
step virtstoraged list virsh vol-list labfs
refuse virtstoraged full-pool 'No space left\|space' virsh vol-create-as labfs big.img 64M --format raw --allocation 64M
step virtstoraged after-full virsh pool-info labfs
step virtstoraged delete virsh vol-delete one.img --pool labfs
step virtstoraged destroy virsh pool-destroy labfs
refuse virtstoraged is-not-mounted '^$' findmnt /var/lib/libvirt/lab-fs
step virtstoraged undefine virsh pool-undefine labfs
step virtstoraged detach-loop losetup --detach /dev/loop6
step virtstoraged clean-up rm -rf $file /var/lib/libvirt/lab-fs
