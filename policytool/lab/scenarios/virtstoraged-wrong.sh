# SPDX-License-Identifier: GPL-2.0-or-later
# What virtstoraged has to refuse.
. /mnt/steps
URI=storage:///system
refuse virtstoraged bad-xml 'XML\|parse' virsh pool-define /mnt/bad.xml
refuse virtstoraged unknown-pool 'not found\|no storage pool' virsh pool-start lab-none
refuse virtstoraged unknown-volume 'not found\|no storage' virsh vol-dumpxml /var/lib/libvirt/images/lab-none.img
step virtstoraged define-nowhere virsh pool-define-as labnone dir --target /var/lib/libvirt/lab-none
refuse virtstoraged start-nowhere 'No such file\|cannot open' virsh pool-start labnone
step virtstoraged undefine-nowhere virsh pool-undefine labnone
step virtstoraged define-once virsh pool-create-as labonce dir --target /var/lib/libvirt/images
refuse virtstoraged name-in-use 'already\|exists' virsh pool-define-as labonce dir --target /var/lib/libvirt/boot
refuse virtstoraged target-in-use 'conflict' virsh pool-define-as labtwice dir --target /var/lib/libvirt/images
step virtstoraged create-once virsh vol-create-as labonce lab-once.img 1M
refuse virtstoraged volume-in-use 'exists\|already' virsh vol-create-as labonce lab-once.img 1M
refuse virtstoraged bad-volume 'XML\|parse\|element' virsh vol-create labonce /mnt/bad.xml
refuse virtstoraged shrink 'shrink\|less than\|capacity' virsh vol-resize lab-once.img 512K --pool labonce
refuse virtstoraged read-only 'read only\|denied\|forbidden' virsh --readonly vol-delete lab-once.img --pool labonce
refuse virtstoraged no-volume-group 'labnovg\|vgchange\|not found' \
    virsh pool-create-as labnovg logical --source-name labnovg --target /dev/labnovg
refuse virtstoraged no-device 'No such file\|mount\|not exist' \
    virsh pool-create-as labnodev fs --source-dev /dev/lab-none --target /var/lib/libvirt/lab-nodev
refuse virtstoraged not-built 'backend\|support\|missing' virsh pool-define-as labgluster gluster --source-host lab.invalid --source-name lab
step virtstoraged delete-once virsh vol-delete lab-once.img --pool labonce
step virtstoraged destroy-once virsh pool-destroy labonce
