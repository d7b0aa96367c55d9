# SPDX-License-Identifier: GPL-2.0-or-later
# Directory pools where administrators put them: below the images, /srv, /opt, /home, /media, /var/tmp and /tmp.
. /mnt/steps
URI=storage:///system
# use PLACE: a pool there from its definition to its removal, with a raw, a qcow2 and a copied volume.
use() {
    place=$1
    virsh pool-define-as labplace dir --target "$place" &&
        virsh pool-build labplace &&
        virsh pool-start labplace &&
        virsh pool-autostart labplace &&
        virsh vol-create-as labplace raw.img 2M --format raw &&
        virsh vol-create-as labplace some.qcow2 4M --format qcow2 &&
        virsh vol-clone some.qcow2 copy.qcow2 --pool labplace &&
        virsh vol-upload raw.img /mnt/steps --pool labplace &&
        virsh vol-resize copy.qcow2 6M --pool labplace &&
        touch "$place/from-outside.img" &&
        virsh pool-refresh labplace &&
        virsh vol-list labplace --details &&
        for volume in raw.img some.qcow2 copy.qcow2 from-outside.img; do
            virsh vol-delete $volume --pool labplace || return 1
        done &&
        virsh pool-destroy labplace &&
        virsh pool-delete labplace &&
        virsh pool-undefine labplace
}
step virtstoraged deeper-in-the-images use /var/lib/libvirt/images/lab-deeper
step virtstoraged beside-the-images use /var/lib/libvirt/lab-other
step virtstoraged below-var use /var/lib/lab-place
for place in srv opt home media; do step virtstoraged "below-$place" use /$place/lab-place; done
step virtstoraged below-var-tmp use /var/tmp/lab-place
step virtstoraged below-tmp use /tmp/lab-place
