# SPDX-License-Identifier: GPL-2.0-or-later
# The host's interfaces: loopback, a plain one, a bridge, a VLAN, a bond.
. /mnt/steps
URI=interface:///system
plain() { modprobe dummy numdummies=0 && ip link add labdummy0 address 52:54:00:ab:00:01 type dummy && udevadm settle; }
make() {
    modprobe 8021q && modprobe bonding max_bonds=0 &&
        ip link add labdummy1 type dummy && ip link add labbridge type bridge && ip link set labdummy0 master labbridge up && ip link set labbridge up &&
        ip link add link labbridge name labvlan type vlan id 5 && ip link set labvlan up &&
        ip address add 192.168.219.1/24 dev labvlan &&
        ip link add labbond type bond mode active-backup miimon 100 && ip link set labdummy1 master labbond
}
drop() { for name in labvlan labbond labbridge labdummy1 labdummy0; do ip link delete $name || return; done; }
step virtinterfaced list virsh iface-list --all
step virtinterfaced dumpxml-loopback virsh iface-dumpxml lo
step virtinterfaced make-plain plain
step virtinterfaced name virsh iface-name 52:54:00:ab:00:01
step virtinterfaced make-links make
step virtinterfaced list-inactive virsh iface-list --inactive
step virtinterfaced list-links virsh iface-list
step virtinterfaced mac virsh iface-mac labdummy0
step virtinterfaced dumpxml-plain virsh iface-dumpxml labdummy0
step virtinterfaced dumpxml-bridge virsh iface-dumpxml labbridge
step virtinterfaced dumpxml-vlan virsh iface-dumpxml labvlan
step virtinterfaced dumpxml-bond virsh iface-dumpxml labbond
step virtinterfaced drop-links drop
refuse virtinterfaced gone 'find\|no interface' virsh iface-dumpxml labdummy0
