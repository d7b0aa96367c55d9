# SPDX-License-Identifier: GPL-2.0-or-later
# A guest on a volume and a network, from definition to removal; it needs no operating system.
. /mnt/steps
URI=qemu:///system
step virtstoraged define-pool virsh pool-define-as lab dir --target /var/lib/libvirt/images
step virtstoraged start-pool virsh pool-start lab
step virtstoraged create-volume virsh vol-create-as lab lab-guest.qcow2 16M --format qcow2
step virtnetworkd define-net virsh net-define /mnt/net-nat.xml
step virtnetworkd start-net virsh net-start lab-nat
step virtqemud capabilities virsh capabilities
step virtqemud define virsh define /mnt/guest.xml
step virtqemud start virsh start lab-guest
step virtqemud state virsh domstate lab-guest
step virtqemud stats virsh domstats lab-guest
step virtqemud monitor virsh qemu-monitor-command lab-guest --hmp 'info status'
step virtqemud suspend virsh suspend lab-guest
step virtqemud resume virsh resume lab-guest
step virtqemud restart-with-guest systemctl restart virtqemud.service
step virtqemud still-running virsh dominfo lab-guest
step virtqemud destroy virsh destroy lab-guest
step virtqemud undefine virsh undefine lab-guest
step virtnetworkd destroy-net virsh net-destroy lab-nat
step virtnetworkd undefine-net virsh net-undefine lab-nat
step virtstoraged delete-volume virsh vol-delete lab-guest.qcow2 --pool lab
step virtstoraged destroy-pool virsh pool-destroy lab
step virtstoraged undefine-pool virsh pool-undefine lab
