# SPDX-License-Identifier: GPL-2.0-or-later
# A disk (of the kernel's scsi_debug) as a pool: its partitions are the volumes; and the host that it hangs on as a pool.
. /mnt/steps
URI=storage:///system
disk() { basename "$(ls -d /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/sd*)"; }
host() { basename "$(ls -d /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*)"; }
plugged() { modprobe scsi_debug dev_size_mb=32 && poll 20 disk && udevadm settle; }
define() { virsh pool-define-as labdisk disk --source-dev "/dev/$(disk)" --source-format gpt --target /dev; }
adapter() { virsh pool-define-as labscsi scsi --adapter-name "scsi_$(host)" --target /dev/disk/by-path; }
step virtstoraged plug-in plugged
step virtstoraged define define
step virtstoraged build virsh pool-build labdisk --overwrite
step virtstoraged start virsh pool-start labdisk
step virtstoraged create-partition sh -c 'virsh -q -c storage:///system vol-create-as labdisk "$1" 8M' - "$(disk)1"
step virtstoraged list virsh vol-list labdisk --details
step virtstoraged pool-xml virsh pool-dumpxml labdisk
refuse virtstoraged too-large 'space\|extent' virsh vol-create-as labdisk too-large 400M
step virtstoraged delete-partition sh -c 'virsh -q -c storage:///system vol-delete "$1" --pool labdisk' - "$(disk)1"
step virtstoraged stop virsh pool-destroy labdisk
step virtstoraged undefine virsh pool-undefine labdisk
step virtstoraged define-adapter adapter
step virtstoraged start-adapter virsh pool-start labscsi
step virtstoraged list-adapter virsh vol-list labscsi
step virtstoraged stop-adapter virsh pool-destroy labscsi
step virtstoraged undefine-adapter virsh pool-undefine labscsi
step virtstoraged define-multipath virsh pool-define-as labmpath mpath --target /dev/mapper
step virtstoraged start-multipath virsh pool-start labmpath
step virtstoraged stop-multipath virsh pool-destroy labmpath
step virtstoraged undefine-multipath virsh pool-undefine labmpath
step virtstoraged unplug poll 10 modprobe -r scsi_debug
