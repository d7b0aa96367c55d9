# SPDX-License-Identifier: GPL-2.0-or-later
# A directory pool and its volumes: raw and qcow2, cloned, resized, filled, read, wiped; over a restart.
. /mnt/steps
URI=storage:///system
upload() { virsh vol-upload raw.img /mnt/steps --pool labdir; }
download() { client vol-download raw.img /dev/stdout --pool labdir --length 16 | grep -q SPDX; }
event() {
    virsh pool-event --event refresh --timeout 30 &
    sleep 1
    virsh pool-refresh labdir
    wait $!
}
step virtstoraged define virsh pool-define-as labdir dir --target /var/lib/libvirt/lab-pool
step virtstoraged build virsh pool-build labdir
step virtstoraged start virsh pool-start labdir
step virtstoraged autostart virsh pool-autostart labdir
step virtstoraged create-raw virsh vol-create-as labdir raw.img 4M --format raw
step virtstoraged create-preallocated virsh vol-create-as labdir whole.img 2M --format raw --allocation 2M
step virtstoraged create-qcow2 virsh vol-create-as labdir base.qcow2 8M --format qcow2
step virtstoraged create-overlay virsh vol-create-as labdir over.qcow2 8M --format qcow2 \
    --backing-vol base.qcow2 --backing-vol-format qcow2
step virtstoraged create-from-xml virsh vol-create labdir /mnt/volume-owner.xml
step virtstoraged create-from-volume virsh vol-create-from labdir /mnt/volume-copy.xml raw.img --inputpool labdir
step virtstoraged clone virsh vol-clone base.qcow2 clone.qcow2 --pool labdir
step virtstoraged resize virsh vol-resize raw.img 6M --pool labdir
step virtstoraged resize-qcow2 virsh vol-resize clone.qcow2 12M --pool labdir
step virtstoraged upload upload
step virtstoraged download download
step virtstoraged wipe virsh vol-wipe raw.img --pool labdir
step virtstoraged volume-xml virsh vol-dumpxml over.qcow2 --pool labdir
step virtstoraged volume-path virsh vol-path raw.img --pool labdir
step virtstoraged volume-by-path virsh vol-pool /var/lib/libvirt/lab-pool/raw.img
step virtstoraged list-volumes virsh vol-list labdir --details
step virtstoraged event event
step virtstoraged restart systemctl restart virtstoraged.service
step virtstoraged still-active virsh pool-info labdir
step virtstoraged pool-xml virsh pool-dumpxml labdir
step virtstoraged no-autostart virsh pool-autostart --disable labdir
for volume in owner.img copy.img whole.img over.qcow2 clone.qcow2 base.qcow2 raw.img; do
    step virtstoraged "delete-$volume" virsh vol-delete $volume --pool labdir
done
step virtstoraged destroy virsh pool-destroy labdir
step virtstoraged delete virsh pool-delete labdir
step virtstoraged undefine virsh pool-undefine labdir
