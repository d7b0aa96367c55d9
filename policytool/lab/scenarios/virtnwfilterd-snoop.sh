# SPDX-License-Identifier: GPL-2.0-or-later
# DHCP snooping: virtnwfilterd learns a guest's address from the lease that its firmware asks for.
. /mnt/steps
URI=qemu:///system
leased() { virsh net-dhcp-leases lab-nat | grep -q 52:54:00:ab:00:11; }
learnt() { ebtables -t nat -L | grep -q 192.168.210; }
step virtnetworkd network virsh net-create /mnt/net-nat.xml
step virtqemud create virsh create /mnt/guest-snoop.xml
step virtnwfilterd bindings virsh nwfilter-binding-list
step virtnetworkd lease poll 60 leased
step virtnwfilterd learnt poll 20 learnt
step virtqemud destroy virsh destroy lab-snooped
step virtnetworkd no-network virsh net-destroy lab-nat
