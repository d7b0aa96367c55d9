# SPDX-License-Identifier: GPL-2.0-or-later
# A volume group on a loop device: physical volume, group and logical volumes made and removed by libvirt.
. /mnt/steps
URI=storage:///system
file=/var/lib/libvirt/lab-vg.loop
attach() { losetup /dev/loop7 $file; }
upload() { virsh vol-upload one /mnt/steps --pool labvg; }
step virtstoraged make-file backing $file 48M
step virtstoraged attach-loop attach
step virtstoraged define virsh pool-define-as labvg logical --source-dev /dev/loop7 --source-name labvg --target /dev/labvg
step virtstoraged build virsh pool-build labvg
step virtstoraged start virsh pool-start labvg
step virtstoraged create virsh vol-create-as labvg one 8M
step virtstoraged snapshot virsh vol-create-as labvg one-then 8M --backing-vol one
step virtstoraged list virsh vol-list labvg
step virtstoraged volume-xml virsh vol-dumpxml one --pool labvg
step virtstoraged upload upload
step virtstoraged delete-snapshot virsh vol-delete one-then --pool labvg
step virtstoraged wipe virsh vol-wipe one --pool labvg
step virtstoraged refresh virsh pool-refresh labvg
step virtstoraged find-sources virsh find-storage-pool-sources-as logical
refuse virtstoraged full-group 'insufficient\|space\|lvcreate' virsh vol-create-as labvg big 400M
step virtstoraged delete virsh vol-delete one --pool labvg
step virtstoraged stop virsh pool-destroy labvg
step virtstoraged start-again virsh pool-start labvg
step virtstoraged stop-again virsh pool-destroy labvg
step virtstoraged delete-group virsh pool-delete labvg
step virtstoraged undefine virsh pool-undefine labvg
step virtstoraged detach-loop losetup --detach /dev/loop7
step virtstoraged clean-up rm -f $file
