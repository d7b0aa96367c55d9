# SPDX-License-Identifier: GPL-2.0-or-later
# Guests whose disks, discs, kernels, logs and saved states lie elsewhere: below /srv, /opt, /home, /var/tmp and /boot.
. /mnt/steps
URI=qemu:///system
# use PLACE: a guest with a disk and a disc from there, saved there and brought back.
use() {
    place=$1
    mkdir -p "$place" && qemu-img create -q -f qcow2 "$place/lab.qcow2" 8M && truncate -s 1M "$place/lab.iso" &&
        restorecon -R "$place" &&
        sed -e "s#/var/lib/libvirt/lab-place#$place#" /mnt/guest-place.xml >/run/lab-place.xml &&
        client define /run/lab-place.xml &&
        virsh start lab-place &&
        virsh domblklist lab-place --details &&
        virsh domblkinfo lab-place vda &&
        virsh snapshot-create-as lab-place --disk-only --no-metadata --diskspec "vda,file=$place/lab.over" &&
        virsh blockcommit lab-place vda --active --pivot --wait &&
        virsh save lab-place "$place/lab.save" &&
        virsh restore "$place/lab.save" &&
        virsh destroy lab-place &&
        virsh undefine lab-place &&
        rm -f "$place"/lab.* /run/lab-place.xml
}
kernel() { # starts the machine's own kernel in a guest
    cp /vmlinuz "$1/lab-kernel" && cp /initrd.img "$1/lab-initrd" && restorecon -R "$1" &&
        sed -e "s#/boot/lab-#$1/lab-#" /mnt/guest-kernel.xml >/run/lab-kernel.xml &&
        client create /run/lab-kernel.xml && virsh destroy lab-kernel && rm -f "$1/lab-kernel" "$1/lab-initrd" /run/lab-kernel.xml
}
step virtqemud deeper-in-the-images use /var/lib/libvirt/images/lab-deeper
step virtqemud beside-the-images use /var/lib/libvirt/lab-other
for place in srv opt home; do step virtqemud "below-$place" use /$place/lab-place; done
step virtqemud below-var-tmp use /var/tmp/lab-place
step virtqemud kernel-in-boot kernel /boot
step virtqemud kernel-in-images kernel /var/lib/libvirt/images
step virtqemud clean-up rm -rf /var/lib/libvirt/images/lab-deeper /var/lib/libvirt/lab-other /srv/lab-place /opt/lab-place /home/lab-place /var/tmp/lab-place
