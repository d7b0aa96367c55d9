# SPDX-License-Identifier: GPL-2.0-or-later
# A guest's firmware asks for an address: dnsmasq, the lease helper, virtnetworkd's list of leases.
. /mnt/steps
URI=qemu:///system
leased() { virsh net-dhcp-leases lab-nat | grep -q 52:54:00:ab:00:12; }
step virtnetworkd network virsh net-create /mnt/net-nat.xml
step virtqemud create virsh create /mnt/guest-boot-net.xml
step virtnetworkd lease poll 60 leased
step virtqemud addresses virsh domifaddr lab-boot-net --source lease
step virtqemud destroy virsh destroy lab-boot-net
step virtnetworkd no-network virsh net-destroy lab-nat
